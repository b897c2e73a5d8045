import { OptionDefaults } from 'typedoc'

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  entryPoints: ['packages/*'],
  entryPointStrategy: 'packages',
  packageOptions: {
    entryPoints: ['src/*.ts'],
    exclude: ['**/*.test.ts'],
    excludeInternal: true,
    disableSources: true,
    blockTags: [...OptionDefaults.blockTags, '@file'],
    validation: { notExported: false, invalidLink: true, notDocumented: false },
  },
  out: 'docs/api',
  name: 'lc',
  includeVersion: true,
  logLevel: 'Warn',
  treatValidationWarningsAsErrors: true,
}
