import { defaultClientConditions, defineConfig } from 'vite'

// threads in WebAssembly need a page that is isolated from other origins
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

export default defineConfig({
  base: './',
  // inside this repository our packages are taken from their sources
  resolve: { conditions: ['@lc/source', ...defaultClientConditions] },
  server: { headers },
  preview: { headers },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
})
