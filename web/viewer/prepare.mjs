// Makes build/viewer/ from the OHIF package: fetches the pinned tarball through npm, checks it
// against the hash in package.json, patches and minifies what is shipped, adds our page,
// configuration and Chinese words, and writes compressed siblings and a manifest for the server.
// It needs Node, npm, tar and esbuild; nothing of telemed. The result is replaced as a whole: an
// interrupted run leaves the previous viewer in place.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { transform } from 'esbuild';
import { coverage, isShipped, patched, shippedWords, workersOf } from './patch.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
const squeeze = { br: promisify(brotliCompress), gz: promisify(gzip) };
const OUR_FILES = ['app-config.js', 'views.js', 'logo.svg', 'stopped.html', 'stopped.js', 'stopped.css'];
const COMPRESSIBLE = /\.(js|css|html|svg|wasm|json)$/;
const ALREADY_SMALL = /\.min\.js$/;

const say = text => console.log(text);

/** Fetch the pinned package into `cache` unless it lies there already; its path, hash checked. */
async function tarball({ package: spec, integrity }, cache) {
  const [algorithm, expected] = integrity.split(/-(.*)/s);
  const isRight = async path => createHash(algorithm)
    .update(await readFile(path)).digest('base64') === expected;
  const path = join(cache, `${spec.replace(/^@/, '').replace(/[/@]/g, '-')}.tgz`);
  if (await isRight(path).catch(() => false)) return path;
  await mkdir(cache, { recursive: true });
  say(`fetching ${spec}`);
  await run('npm', ['pack', spec, '--silent', '--pack-destination', cache]);
  if (!await isRight(path)) {
    await rm(path, { force: true });
    throw new Error(`${spec} does not have the expected content (${algorithm}); try again`);
  }
  return path;
}

/** Unpack what is shipped, without ever writing the 136 MB that are not. */
async function unpack(archive, into) {
  await run('tar', ['-xzf', archive, '-C', into, '--exclude=package/dist/ort',
    '--exclude=*.map', '--no-same-owner', 'package/dist', 'package/LICENSE']);
  return join(into, 'package');
}

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name))).sort();
}

async function readAll(folder, paths) {
  const texts = paths.map(async path => [path, await readFile(join(folder, path), 'utf8')]);
  return new Map(await Promise.all(texts));
}

/** Minify one script or style sheet; licence comments move to the end of the file. */
async function minified(path, text) {
  if (ALREADY_SMALL.test(path)) return text;
  const loader = path.endsWith('.css') ? 'css' : 'js';
  const { code } = await transform(text, {
    loader, minify: true, charset: 'utf8', legalComments: 'eof', logLevel: 'error' });
  return code;
}

async function write(folder, path, content) {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
}

/** Copy the package's files, patched and minified. Answers the worker scripts and the coverage. */
async function shipOhif(dist, out, ours) {
  const paths = (await filesBelow(dist)).filter(isShipped);
  const isText = path => /\.(js|css)$/.test(path);
  const original = await readAll(dist, paths.filter(isText));
  const app = [...original.keys()].find(path => /^app\.bundle\.[0-9a-f]+\.js$/.test(path));
  const words = language => shippedWords(original.get(app), language);
  const chinese = coverage(words('en-US'), words('zh'), ours);
  let done = 0;
  for (const [path, text] of patched(original)) {
    await write(out, path, await minified(path, text));
    done += 1;
    if (done % 25 === 0) say(`minified ${done}/${original.size}`);
  }
  for (const path of paths.filter(each => !isText(each))) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await cp(join(dist, path), join(out, path));
  }
  return { app, workers: workersOf(original), chinese };
}

/** Our page, configuration and words. */
async function shipOurs(out, app, ours) {
  for (const path of OUR_FILES) await cp(join(HERE, path), join(out, path));
  const page = await readFile(join(HERE, 'index.html'), 'utf8');
  await write(out, 'index.html', page.replace('@APP@', app));
  const boot = await readFile(join(HERE, 'boot.js'), 'utf8');
  await write(out, 'boot.js', boot.replace('/* @ZH@ */ {}', () => JSON.stringify(ours)));
}

/** Write NAME.br and NAME.gz beside every file that shrinks. */
async function compress(out, paths) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  for (const path of paths.filter(each => COMPRESSIBLE.test(each))) {
    const content = await readFile(join(out, path));
    if (content.length < 1024) continue;
    const [br, gz] = await Promise.all([squeeze.br(content, quality), squeeze.gz(content)]);
    await write(out, `${path}.br`, br);
    await write(out, `${path}.gz`, gz);
  }
}

/** A hash over names and contents: changes when anything the browser gets changes. */
async function versionOf(out, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(`${path}\0`).update(await readFile(join(out, path)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function main() {
  const root = resolve(HERE, '..', '..');
  const target = join(root, 'build', 'viewer');
  await mkdir(dirname(target), { recursive: true });
  const { ohif } = JSON.parse(await readFile(join(HERE, 'package.json'), 'utf8'));
  const ours = JSON.parse(await readFile(join(HERE, 'zh.json'), 'utf8'));
  const archive = await tarball(ohif, join(root, 'build', 'cache'));
  const work = await mkdtemp(join(root, 'build', 'viewer-'));
  try {
    say('unpacking');
    const source = await unpack(archive, work);
    const out = join(work, 'out');
    const { app, workers, chinese } = await shipOhif(join(source, 'dist'), out, ours);
    await shipOurs(out, app, ours);
    await cp(join(source, 'LICENSE'), join(out, 'LICENSE-OHIF.txt'));
    const paths = await filesBelow(out);
    say(`compressing ${paths.length} files`);
    await compress(out, paths);
    const version = await versionOf(out, paths);
    const manifest = { package: ohif.package, version, workers, chinese, files: paths };
    await write(out, 'manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(out, target);
    say(`viewer ${version}: ${paths.length} files, `
      + `${chinese.chinese} of ${chinese.keys} words in Chinese`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

main().catch(error => {
  console.error(`viewer: ${error.stderr?.trim() || error.message}`);
  process.exitCode = 1;
});
