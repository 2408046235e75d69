// Runs before OHIF. It stands in for the inline scripts of OHIF's own index.html, so that the
// page's content security policy needs no 'unsafe-inline', and it settles the language: Chinese
// unless the person chose another. It knows nothing of patients, sessions or studies.

window.PUBLIC_URL = '/viewer/';
window.browserImportFunction = path => import(path);

// Our words (built from zh.json); laid over OHIF's own, of which four in ten are Chinese.
const ourChinese = /* @ZH@ */ {};

/** Give OHIF the two languages we answer for: its English, and its Chinese completed by ours. */
window.telemedLocales = shipped => {
  const zh = { ...shipped.zh };
  for (const [namespace, words] of Object.entries(ourChinese)) {
    zh[namespace] = { ...zh[namespace], ...words };
  }
  return { 'en-US': shipped['en-US'], zh };
};

// OHIF asks, in order: ?lng=, the cookie i18next, localStorage i18nextLng, the browser. Only 'zh'
// and 'en-US' exist here: 'zh-CN' would find the words but leave the language box empty.
(() => {
  const chosen = document.cookie.match(/(?:^|; )i18next=([^;]*)/)?.[1] ?? localStorage.i18nextLng;
  const language = chosen?.startsWith('en') ? 'en-US' : 'zh';
  document.cookie = `i18next=${language}; path=/; SameSite=Strict; max-age=31536000`;
  localStorage.i18nextLng = language;
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
})();
