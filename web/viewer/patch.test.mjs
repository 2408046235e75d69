import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverage, isShipped, patched, shippedWords, workersOf } from './patch.mjs';

const swap = { why: 'a test', files: /\.js$/, from: 'at("/', to: 'at("/viewer/', count: 2 };

test('every occurrence is replaced, and only in the files named', () => {
  const texts = new Map([['a.js', 'at("/x");at("/y")'], ['a.css', 'at("/z")']]);
  const result = patched(texts, [swap]);
  assert.equal(result.get('a.js'), 'at("/viewer/x");at("/viewer/y")');
  assert.equal(result.get('a.css'), 'at("/z")');
});

test('a bundle in which the literal is rarer or commoner than known is refused', () => {
  for (const text of ['', 'at("/x")', 'at("/x");at("/y");at("/z")']) {
    assert.throws(() => patched(new Map([['a.js', text]]), [swap]), /OHIF has changed/);
  }
});

test('workers are the bundles with a public path of their own and the slide loader', () => {
  const own = '__webpack_require__.p = "/";';
  const texts = new Map([
    ['app.bundle.0f.js', own], ['136.bundle.aa.js', own], ['12.bundle.bb.js', ''],
    ['dicom-microscopy-viewer/dataLoader.worker.min.js', ''],
  ]);
  assert.deepEqual(workersOf(texts),
    ['136.bundle.aa.js', 'dicom-microscopy-viewer/dataLoader.worker.min.js']);
});

test('the service worker, maps, other sign-ins and the ONNX run time stay behind', () => {
  for (const path of ['sw.js', 'app.js.map', 'google.js', 'ort/a.wasm', 'assets/favicon.ico']) {
    assert.equal(isShipped(path), false, path);
  }
  for (const path of ['app.bundle.css', '12.bundle.bb.js', 'assets/images/CT-Lung.png']) {
    assert.equal(isShipped(path), true, path);
  }
});

test('shipped words are read from the bundle, whichever way they were written', () => {
  const bundle = [
    'i18n/src/locales/zh/Common.json',
    String.raw`var a = JSON.parse('{"Close":"\'关\'","n":"a\\nb"}')`,
    'i18n/src/locales/zh/ToolTip.json', 'var b = {"Zoom":"缩放"}', '',
  ].join('\n');
  assert.deepEqual(shippedWords(bundle, 'zh'),
    { Common: { Close: "'关'", n: 'a\nb' }, ToolTip: { Zoom: '缩放' } });
});

test('coverage counts theirs and ours together and refuses a word nobody asks for', () => {
  const english = { Common: { Close: 'Close', Save: 'Save', Undo: 'Undo' } };
  const theirs = { Common: { Close: '关闭' } };
  assert.deepEqual(coverage(english, theirs, { Common: { Save: '保存' } }),
    { keys: 3, chinese: 2 });
  assert.throws(() => coverage(english, theirs, { Common: { Svae: '保存' } }), /Common:Svae/);
});
