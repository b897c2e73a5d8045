import { defineConfig } from 'vitest/config'

const conditions = ['@lc/source', 'module', 'node', 'import', 'default']
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
}
const slow = { testTimeout: 300_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['**/*.model.test.ts', '**/*.browser.test.ts', '**/node_modules/**', '**/dist/**'],
          testTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'model',
          include: ['{packages,tests,examples}/**/*.model.test.ts'],
          exclude: ['**/node_modules/**'],
          ...slow,
        },
      },
      {
        ...shared,
        test: {
          name: 'browser',
          include: ['{packages,tests,examples}/**/*.browser.test.ts'],
          exclude: ['**/node_modules/**'],
          ...slow,
        },
      },
    ],
  },
})
