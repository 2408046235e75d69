/**
 * Words of the screen: Chinese first, English beside it, one table per noun.
 *
 * A table is registered with i18next when its page is loaded, so a page brings its own words and
 * no translation can be forgotten: every entry is a pair. `{{name}}` marks an inserted value.
 */
import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'

export type Language = 'zh' | 'en'
type Pair = readonly [zh: string, en: string]
type Values = Record<string, string | number>
/** Says a word of one table in the language of the screen. */
export type Say<Key extends string> = (key: Key, values?: Values) => string

const KEPT = 'telemed.language'

// At once: tables are registered as their modules load, before anything is rendered.
void i18next.use(initReactI18next).init({
  lng: readLanguage(),
  fallbackLng: 'zh',
  resources: {},
  interpolation: { escapeValue: false },
  initAsync: false,
})
document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en'

export function language(): Language {
  return i18next.language === 'en' ? 'en' : 'zh'
}

/** Changes the language everywhere, the picture viewer's included (it reads the cookie). */
export function changeLanguage(next: Language): void {
  localStorage.setItem(KEPT, next)
  // biome-ignore lint/suspicious/noDocumentCookie: the viewer's language is read from this cookie, and the Cookie Store API is missing in Firefox.
  document.cookie = `i18next=${next}; path=/; SameSite=Strict; max-age=31536000`
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en'
  void i18next.changeLanguage(next)
}

/** Registers a table and returns the hook that says its words. */
export function defineWords<Key extends string>(
  noun: string,
  table: Record<Key, Pair>,
): { useWords: () => Say<Key>; say: Say<Key> } {
  const entries = Object.entries<Pair>(table)
  for (const [column, code] of [
    [0, 'zh'],
    [1, 'en'],
  ] as const) {
    const bundle = Object.fromEntries(entries.map(([key, pair]) => [key, pair[column]]))
    i18next.addResourceBundle(code, noun, bundle)
  }
  const say: Say<Key> = (key, values) => i18next.t(key, { ns: noun, ...values })
  return {
    say,
    useWords: () => {
      // Subscribes the component to language changes; `say` itself always reads the current one.
      useTranslation(noun)
      return say
    },
  }
}

/** The label in the language of the screen, of a thing the server names in both. */
export function pick(words: { readonly zh: string; readonly en: string }): string {
  return language() === 'en' ? words.en || words.zh : words.zh || words.en
}

function readLanguage(): Language {
  return localStorage.getItem(KEPT) === 'en' ? 'en' : 'zh'
}
