/**
 * Guangxi as tiles: where each of the 14 cities stands among its neighbours, nothing more.
 *
 * A scheme and no survey: five columns, three rows, west to east and north to south. Counties are
 * found by their area code, whose first four digits are the city's.
 */
import { quantiles } from './numbers'

export const TILE_ROWS: readonly (readonly (string | null)[])[] = [
  [null, '451200', '450200', '450300', '451100'],
  ['451000', '450100', '451300', '450800', '450400'],
  ['451400', '450600', '450700', '450500', '450900'],
]

export const CITY_NAMES: Record<string, readonly [zh: string, en: string]> = {
  '450100': ['南宁', 'Nanning'],
  '450200': ['柳州', 'Liuzhou'],
  '450300': ['桂林', 'Guilin'],
  '450400': ['梧州', 'Wuzhou'],
  '450500': ['北海', 'Beihai'],
  '450600': ['防城港', 'Fangchenggang'],
  '450700': ['钦州', 'Qinzhou'],
  '450800': ['贵港', 'Guigang'],
  '450900': ['玉林', 'Yulin'],
  '451000': ['百色', 'Baise'],
  '451100': ['贺州', 'Hezhou'],
  '451200': ['河池', 'Hechi'],
  '451300': ['来宾', 'Laibin'],
  '451400': ['崇左', 'Chongzuo'],
}

export const CLASSES = 5

/** Upper bounds of the classes; zero is a class of its own, so that it is not a faint something. */
export function classBounds(values: readonly (number | null | undefined)[]): number[] {
  const known = values.filter((value): value is number => value !== null && value !== undefined)
  return quantiles(
    known.filter((value) => value > 0),
    CLASSES,
  )
}

/** 0 for zero, 1 to CLASSES by the bounds, null for what is missing. */
export function classOf(
  value: number | null | undefined,
  bounds: readonly number[],
): number | null {
  if (value === null || value === undefined) return null
  if (value <= 0) return 0
  const at = bounds.findIndex((bound) => value <= bound)
  const place = at < 0 ? bounds.length - 1 : at
  // With few classes the strongest tint still means the largest.
  return CLASSES - (bounds.length - 1 - place)
}

/** 龙胜各族自治县 is 龙胜 on a tile: the kind of area and the people it is named for are left out. */
export function shortArea(name: string): string {
  const bare = name
    .replace(/(各族|瑶族|苗族|侗族|仫佬族|毛南族)+自治县$/, '')
    .replace(/(县|市|区)$/, '')
  return bare.length >= 2 ? bare : name
}
