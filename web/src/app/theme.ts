/**
 * The one visual language: tokens set once, read everywhere as CSS variables (`--ant-…`).
 *
 * 4 px grid, 14 px base, radius 6, one accent (a deep teal that keeps 4.5:1 on white), three
 * semantic colours. The dark theme is for the reading room. Nothing else in the app names a colour.
 */
import { type ThemeConfig, theme } from 'antd'

const shape: ThemeConfig['token'] = {
  fontSize: 14,
  borderRadius: 6,
  sizeUnit: 4,
  sizeStep: 4,
  wireframe: false,
  // Whoever wants no movement: a component that waits for one would stay over the page for ever.
  motion: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
  motionDurationMid: '0.12s',
  motionDurationSlow: '0.18s',
  fontFamily:
    '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", system-ui, sans-serif',
}

const components: ThemeConfig['components'] = {
  Table: { cellPaddingBlockSM: 6, cellPaddingInlineSM: 8 },
  Form: { itemMarginBottom: 16, verticalLabelPadding: '0 0 4px' },
  Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none' },
  Tabs: { horizontalItemPadding: '8px 0', horizontalMargin: '0 0 8px' },
}

export const lightTheme: ThemeConfig = {
  algorithm: theme.defaultAlgorithm,
  token: {
    ...shape,
    colorPrimary: '#0b6e7f',
    // The derived tints of so deep a colour are muddy; these are its clean ones.
    colorPrimaryBg: '#e7f4f6',
    colorPrimaryBgHover: '#d5ecef',
    colorPrimaryBorder: '#a5d2d9',
    colorPrimaryHover: '#0d8194',
    colorInfoBg: '#e7f4f6',
    colorInfoBorder: '#a5d2d9',
    colorSuccessBg: '#eaf6ec',
    colorSuccessBorder: '#b4d9bb',
    colorWarningBg: '#fff5e5',
    colorWarningBorder: '#f0cf9b',
    colorErrorBg: '#fdeeee',
    colorErrorBorder: '#f1b9bb',
    colorLink: '#0b6e7f',
    colorLinkHover: '#0a5c6a',
    colorLinkActive: '#084b57',
    colorInfo: '#0b6e7f',
    colorSuccess: '#2a7a3b',
    colorWarning: '#a85a00',
    colorError: '#c0262d',
    colorTextBase: '#17232a',
    colorTextSecondary: '#4b5b64',
    colorTextTertiary: '#5d6c75',
    colorTextDescription: '#55656e',
    colorTextPlaceholder: '#66757d',
    colorBgLayout: '#f2f5f6',
    colorBorder: '#bcc8cd',
    colorBorderSecondary: '#dfe6e9',
  },
  components,
}

export const darkTheme: ThemeConfig = {
  // The reading room is dark inside a light page too: nothing of the light theme may shine through.
  inherit: false,
  algorithm: theme.darkAlgorithm,
  token: {
    ...shape,
    colorPrimary: '#2fa7b8',
    colorPrimaryBg: '#10343b',
    colorPrimaryBgHover: '#15434c',
    colorPrimaryBorder: '#1f6470',
    colorLink: '#5cc3d1',
    colorInfo: '#2fa7b8',
    colorSuccess: '#5fb673',
    colorWarning: '#e0a045',
    colorError: '#f0716f',
    colorBgBase: '#10161a',
    colorBgContainer: '#161d21',
    colorBgElevated: '#1e272c',
    colorBorder: '#3a464d',
    colorBorderSecondary: '#29343a',
    colorTextBase: '#e3eaed',
    colorTextSecondary: '#aebac0',
    colorTextTertiary: '#98a6ad',
    colorTextDescription: '#a3b0b6',
    colorTextPlaceholder: '#8c9aa1',
    colorTextLightSolid: '#06181c',
    colorBgLayout: '#0b1013',
  },
  components,
}
