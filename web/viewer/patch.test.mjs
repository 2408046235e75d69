import assert from 'node:assert/strict';
import { test } from 'node:test';
import './views.js';
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

/** A maker for each number of dimensions, as the library keeps them. */
function makersOf(dtype) {
  const makers = [];
  function order() {
    return this.stride.map((step, axis) => [Math.abs(step), axis])
      .sort((a, b) => a[0] - b[0]).map(([, axis]) => axis);
  }
  for (let dimension = -1; dimension < 5; dimension++) {
    makers.push(globalThis.telemedView(dtype, dimension, makers, order));
  }
  return makers;
}

/** Every value of a view by its indices, as nested arrays. */
function nested(view, at = []) {
  if (at.length === view.dimension) return view.get(...at);
  return Array.from({ length: view.shape[at.length] }, (_, n) => nested(view, [...at, n]));
}

test('views cut, step, turn and pick as their indices say', () => {
  const makers = makersOf('uint8');
  const data = Uint8Array.from({ length: 120 }, (_, n) => n);
  const cube = makers[4](data, [2, 3, 4], [12, 4, 1], 5);
  const plain = [0, 1].map(i => [0, 1, 2].map(j => [0, 1, 2, 3].map(k => 5 + 12 * i + 4 * j + k)));
  assert.deepEqual(nested(cube), plain);
  assert.equal(cube.size, 24);
  assert.equal(cube.index(1, 2, 3), 28);
  assert.deepEqual(cube.order, [2, 1, 0]);
  assert.deepEqual(nested(cube.pick(1)), plain[1]);
  assert.deepEqual(nested(cube.pick(null, 2)), plain.map(rows => rows[2]));
  assert.equal(cube.pick(1, 2, 3).get(), 28);
  assert.deepEqual(nested(cube.lo(1, undefined, 2)), [plain[1].map(row => row.slice(2))]);
  assert.deepEqual(nested(cube.hi(1, 2)), [plain[0].slice(0, 2)]);
  assert.deepEqual(nested(cube.step(1, -1, 2)),
    plain.map(rows => [...rows].reverse().map(row => [row[0], row[2]])));
  assert.deepEqual(nested(cube.step(1, -2)), plain.map(rows => [rows[2], rows[0]]));
  assert.deepEqual(nested(cube.transpose(2, 0, 1)),
    [0, 1, 2, 3].map(k => plain.map(rows => rows.map(row => row[k]))));
  cube.set(1, 2, 3, 99);
  assert.equal(data[28], 99);
  assert.equal(nested(cube.step(-1, -1, -1))[0][0][0], 99);
  const four = makers[5](data, [2, 2, 2, 2], [8, 4, 2, 1], 0);
  four.set(1, 0, 1, 1, 7);
  assert.deepEqual([four.get(1, 0, 1, 1), data[11], four.dimension, four.dtype],
    [7, 7, 4, 'uint8']);
  assert.equal(makers[0](data).size, 0);
});

test('values behind a getter are asked for', () => {
  const held = { a: [1, 2, 3], get(n) { return this.a[n]; }, set(n, v) { this.a[n] = v; } };
  const view = makersOf('generic')[2](held, [3], [1], 0);
  view.set(1, 5);
  assert.deepEqual(nested(view), [1, 5, 3]);
});
