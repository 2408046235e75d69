/** Whether the paper is light: the person's choice, else the theme around the strip. */
import { theme } from 'antd'
import type { View } from './useStrip'

export function useLightPaper({ lightPaper }: Pick<View, 'lightPaper'>): boolean {
  const { token } = theme.useToken()
  return lightPaper ?? isLight(token.colorBgContainer)
}

/** `#rrggbb`, as the theme writes its solid colours. */
function isLight(colour: string): boolean {
  const red = Number.parseInt(colour.slice(1, 3), 16)
  return Number.isNaN(red) || red > 127
}
