/** Build, test and development settings. The app is served at `/` with hashed files under `/assets/`. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { compressed } from './compress'

const server = process.env.TELEMED_SERVER ?? 'http://127.0.0.1:8042'
const proxied = ['/api', '/dicom-web', '/viewer', '/live', '/health']

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    // An inlined asset is a data: URL, which the page's content policy allows for pictures only.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    chunkSizeWarningLimit: 900,
  },
  server: {
    proxy: Object.fromEntries(
      proxied.map((path) => [path, { target: server, ws: path === '/live', changeOrigin: false }]),
    ),
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    // One page for all files of a thread: a page for each was nine tenths of the time.
    pool: 'threads',
    isolate: false,
  },
})
