// What is changed in OHIF's prebuilt bundle, as data: which files stay behind, which literals are
// replaced and how often each must occur. OHIF is published for the root of a host; these few
// replacements move it below /viewer/. A count that does not match means the bundle is not the one
// this table was written for, and nothing is built.

export const PREFIX = '/viewer/';

/** Files of the package that never reach a browser here, each with its reason. */
export const LEFT_OUT = [
  [/^ort\//, 'ONNX run time for AI segmentation, 136 MB'],
  [/^customizations\//, 'examples fetched by URL; loading by URL is switched off'],
  [/\.map$/, 'source maps'],
  [/^(sw|init-service-worker)\.js$/, 'service worker that loads its library from another host'],
  [/^(google|oidc-client\.min)\.js$|^silent-refresh\.html$/, 'other sign-ins'],
  [/^(es6-shim|polyfill)\.min\.js$/, 'for browsers that OHIF no longer runs in'],
  [/^(_headers|_redirects|serve\.json|manifest\.json)$/, 'settings of other hosts'],
  [/^(index\.html|app-config\.js)$/, 'ours take their place'],
  [/^ohif-logo.*\.svg$|^assets\/[^/]+$/, 'icons of a phone application'],
];

/** Literal replacements: in which files, what, by what, and how often over all files together. */
export const REPLACEMENTS = [
  {
    why: 'chunks, workers and wasm are asked for below the prefix',
    files: /\.js$/,
    from: '__webpack_require__.p = "/";',
    to: `__webpack_require__.p = "${PREFIX}";`,
    count: 8,
  },
  {
    why: 'the slide viewer is imported by an absolute path',
    files: /^app\.bundle\..*\.js$/,
    from: "browserImportFunction('/dicom-microscopy-viewer/",
    to: `browserImportFunction('${PREFIX}dicom-microscopy-viewer/`,
    count: 1,
  },
  { why: 'the font', files: /\.css$/, from: 'url(/', to: `url(${PREFIX}`, count: 5 },
  {
    why: 'our words are laid over the shipped ones before the first is asked for',
    files: /^app\.bundle\..*\.js$/,
    from: 'const src_locales = ({',
    to: 'const src_locales = window.telemedLocales({',
    count: 1,
  },
  {
    why: 'the study asked for is hung: left as it is, a prior opened beside it may take its place',
    files: /^89\.bundle\..*\.js$/,
    from: '// 0 or more priors.\n  numberOfPriorsReferenced: 0,',
    to: '// 0 or more priors.\n  numberOfPriorsReferenced: -1,',
    count: 1,
  },
  {
    why: 'a Chinese name is shown in hanzi, family name first, without a comma',
    files: /^app\.bundle\..*\.js$/,
    from: '  let nameToUse = name.Alphabetic ?? name;\n',
    to:
      "  const written = name.Ideographic || name.Alphabetic || name;\n  if (typeof written === " +
      "'string' && /[\\u3400-\\u9fff]/.test(written)) {\n    return written.replace(/\\^/g, '').trim();" +
      '\n  }\n  let nameToUse = name.Alphabetic ?? name;\n',
    count: 1,
  },
  {
    why: 'the same in lists, which are given only one group of the name',
    files: /^app\.bundle\..*\.js$/,
    from: '  if (element.Value[0].Alphabetic) {\n    return element.Value[0].Alphabetic;',
    to:
      '  if (element.Value[0].Ideographic) {\n    return element.Value[0].Ideographic;\n  }\n' +
      '  if (element.Value[0].Alphabetic) {\n    return element.Value[0].Alphabetic;',
    count: 1,
  },
  {
    why: 'on a phone, and where the page says so, the picture takes the room; the list of series '
      + 'opens by its button',
    files: /^89\.bundle\..*\.js$/,
    from: '  leftPanelClosed = false,',
    to:
      '  leftPanelClosed = window.innerWidth < 700 || ' +
      '/[?&]panel=closed(&|$)/.test(window.location.search),',
    count: 1,
  },
  {
    why: 'the language box names Chinese in Chinese',
    files: /^app\.bundle\..*\.js$/,
    from: "\n  zh: 'Chinese',",
    to: "\n  zh: '中文',",
    count: 1,
  },
  {
    why: 'a content item of a report may have no name (PS3.3 C.17.3), and the page went blank',
    files: /^9068\.bundle\..*\.js$/,
    from: '  } = ConceptNameCodeSequence;\n',
    to: '  } = ConceptNameCodeSequence ?? {};\n',
    count: 1,
  },
  {
    why: 'ndarray compiles text, which the policy refuses: segmentations never opened (views.js)',
    files: /^(2493|9383|app)\.bundle\..*\.js$/,
    from: 'function compileConstructor(dtype, dimension) {\n',
    to:
      'function compileConstructor(dtype, dimension) {\n  if (globalThis.telemedView) return ' +
      'globalThis.telemedView(dtype, dimension, CACHED_CONSTRUCTORS[dtype], order);\n',
    count: 3,
  },
];

const PUBLIC_PATH = REPLACEMENTS[0];
const FOREIGN_WORKER = /^dicom-microscopy-viewer\/dataLoader\.worker\.min\.js$/;

/** Is this file of the package (path below dist/) shipped? */
export const isShipped = path => !LEFT_OUT.some(([pattern]) => pattern.test(path));

/**
 * The worker scripts: bundles with a public path of their own other than the application, and the
 * slide viewer's. Their codecs are built with `new Function`, so they need a wider policy.
 */
export function workersOf(texts) {
  return [...texts]
    .filter(([path, text]) => {
      const ownRuntime = text.includes(PUBLIC_PATH.from) && !path.startsWith('app.bundle.');
      return ownRuntime || FOREIGN_WORKER.test(path);
    })
    .map(([path]) => path)
    .sort();
}

/** Apply the replacements to a Map of path to text; throws when a count is off. */
export function patched(texts, replacements = REPLACEMENTS) {
  const result = new Map(texts);
  for (const { why, files, from, to, count } of replacements) {
    let found = 0;
    for (const [path, text] of result) {
      if (!files.test(path)) continue;
      const pieces = text.split(from);
      found += pieces.length - 1;
      result.set(path, pieces.join(to));
    }
    if (found !== count) {
      throw new Error(`OHIF has changed: ${JSON.stringify(from)} occurs ${found} times, `
        + `${count} expected (${why}). Check the new bundle before raising the version.`);
    }
  }
  return result;
}

/** The shipped words of one language, read from the application's bundle: {namespace: words}. */
export function shippedWords(bundle, language) {
  const words = {};
  const module = new RegExp(
    `i18n/src/locales/${language}/(\\w+)\\.json\\n`
    + `var \\w+ = (?:JSON\\.parse\\('((?:[^'\\\\]|\\\\.)*)'\\)|(\\{.*\\}))`, 'g');
  for (const [, namespace, quoted, plain] of bundle.matchAll(module)) {
    const json = plain ?? quoted.replace(/\\(['\\])/g, '$1');
    words[namespace] = JSON.parse(json);
  }
  return words;
}

/**
 * How much of OHIF's English is covered in Chinese by theirs and ours together. Throws on a word
 * of ours that OHIF never asks for: most likely a slip of the key.
 */
export function coverage(english, theirs, ours) {
  const strays = [];
  for (const [namespace, words] of Object.entries(ours)) {
    for (const key of Object.keys(words)) {
      const known = key in (english[namespace] ?? {}) || key in (theirs[namespace] ?? {});
      if (!known) strays.push(`${namespace}:${key}`);
    }
  }
  if (strays.length > 0) throw new Error(`zh.json has keys OHIF does not know: ${strays.join(', ')}`);
  const keys = Object.entries(english).flatMap(([namespace, words]) =>
    Object.keys(words).map(key => [namespace, key]));
  const inChinese = keys.filter(([namespace, key]) =>
    key in (ours[namespace] ?? {}) || key in (theirs[namespace] ?? {}));
  return { keys: keys.length, chinese: inChinese.length };
}
