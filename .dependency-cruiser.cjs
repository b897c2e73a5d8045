/**
 * Layering: rooms of a package in the order in which they may import (a room imports only rooms before it),
 * packages in one direction, no cycles, types included.
 */
const rooms = {
  model: [
    'json',
    'errors',
    'check',
    'abort',
    'dispose',
    'text',
    'capability',
    'passage',
    'budget',
    'resume',
    'stage',
    'http',
    'node',
    'openai',
    'openai-server',
    'ai-sdk-bridge',
    'transformers-js-bridge',
    'testing-kit',
  ],
  core: [
    'errors',
    'graph',
    'onnx',
    'runtime',
    'weights',
    'hub',
    'tokenizer',
    'platform',
    'model-files',
    'models',
    'cache',
    'generate',
    'local',
    'export',
    'testing-kit',
    'node-platform',
    'web-platform',
  ],
  compress: [
    'code',
    'prose',
    'score',
    'select',
    'compressor',
    'no-model',
    'longcodezip',
    'selective-context',
    'llmlingua',
    'llmlingua2',
    'specpc',
    'choose',
    'visual',
    'node',
    'testing-kit',
  ],
  kv: ['scorers', 'budgeters', 'selectors', 'mergers', 'head-profile', 'ladder', 'policies', 'patterns', 'session'],
  cli: [
    'cache',
    'errors',
    'result',
    'input',
    'options',
    'output',
    'command',
    'doctor',
    'context',
    'model',
    'commands',
    'program',
  ],
}
const packages = {
  model: [],
  core: ['model'],
  kv: ['core', 'model'],
  compress: ['model'],
  cli: ['model', 'core', 'kv', 'compress'],
}

const layers = Object.entries(rooms).flatMap(([name, order]) =>
  order.slice(0, -1).map((room, index) => ({
    name: `${name}/${room} looks down only`,
    severity: 'error',
    from: { path: `^packages/${name}/src/${room}/`, pathNot: '\\.test\\.ts$' },
    to: { path: `^packages/${name}/src/(${order.slice(index + 1).join('|')})/` },
  })),
)
const directions = Object.entries(packages).map(([name, allowed]) => ({
  name: `${name} imports only ${allowed.join(', ') || 'itself'}`,
  severity: 'error',
  from: { path: `^packages/${name}/src/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}))

module.exports = {
  forbidden: [
    ...layers,
    ...directions,
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no orphans', severity: 'error', from: { orphan: true, pathNot: '\\.(test|config|test-d)\\.ts$' }, to: {} },
    {
      name: 'engines and node: stay at the edges',
      severity: 'error',
      from: {
        path: '^packages/(model|core|kv|compress)/src/',
        pathNot: '/(node|node-platform|web-platform)/|/src/node\\.ts$|\\.test\\.ts$|/testing-kit/',
      },
      to: { path: '^(node:|onnxruntime-)|node_modules/onnxruntime-', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(dist|fixtures)/' },
    enhancedResolveOptions: { conditionNames: ['@lc/source', 'import', 'node', 'default'], exportsFields: ['exports'] },
  },
}
