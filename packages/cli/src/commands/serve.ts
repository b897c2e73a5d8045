import { serveHttp } from '@lc/model/node'
import { openaiServer } from '@lc/model/openai-server'
import { defineCommand } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { withChosenCache } from '../model/cache-method.ts'
import { openServedModel } from '../model/open-local-model.ts'
import { localModelOptions } from '../options/model-options.ts'
import { integerOption, textOption, textsOption, withDefault } from '../options/option.ts'
import { policyOptions } from '../options/policy-options.ts'

/** `lc serve`: a local model behind the OpenAI protocol. */
export const serve = defineCommand({
  name: 'serve',
  summary: 'a local model as an OpenAI-compatible server',
  usage: 'MODEL',
  takesNames: true,
  options: {
    ...localModelOptions,
    port: withDefault(
      integerOption({ placeholder: 'N', description: '0 takes a free one', min: 0, max: 65_535 }),
      8000,
    ),
    host: withDefault(
      textOption({ placeholder: 'ADDRESS', description: 'where it listens; other than this machine only with a key' }),
      '127.0.0.1',
    ),
    name: textOption({ placeholder: 'NAME', description: 'how requests name the model (default: MODEL)' }),
    allowOrigin: textsOption({
      placeholder: 'ORIGIN',
      description: 'a web page that may call, for example http://localhost:5173',
    }),
    ...policyOptions,
  },
  examples: [
    {
      line: 'lc serve smollm2-135m',
      explains: 'http://127.0.0.1:8000/v1 with chat, completions, log-probabilities, /tokenize',
    },
    {
      line: 'LC_API_KEY=secret lc serve all-minilm-l6-v2 --host 0.0.0.0 --port 9000',
      explains: 'embeddings for other machines, which must send the key',
    },
    {
      line: 'lc serve smollm2-135m --policy snap-kv --budget 1024',
      explains:
        'each answer keeps 1,024 slots of its prompt; a request may say "policy": {"name": "tova", "budget": 512}',
    },
  ],
  async run(context, { positionals, options }) {
    const [model, ...more] = positionals
    if (model === undefined || more.length > 0)
      throw new UsageError({ problem: 'exactly one MODEL is needed', command: 'serve' })
    const key = context.env.LC_API_KEY
    const { host, port, name = model, allowOrigin } = options
    if (!isLoopback(host) && !key)
      throw new UsageError({
        problem: `--host ${host} opens the model to other machines; set LC_API_KEY`,
        command: 'serve',
      })
    const { output, signal } = context
    const keys = key ? { apiKeys: [key] } : {}
    await withChosenCache(options, context, async ({ method }) => {
      const { served, close } = await openServedModel({ ...options, model, method }, context)
      try {
        const server = openaiServer({
          models: { [name]: served },
          allowedOrigins: allowOrigin,
          ...keys,
          onError: (error) => output.note(`fault: ${error instanceof Error ? error.message : String(error)}`),
        })
        const http = await serveHttp((request, connection) => server.handle(request, connection), { host, port })
        output.result({ url: `${http.url}/v1`, model: name }, `${name} at ${http.url}/v1; Ctrl-C ends it`)
        await aborted(signal)
        await server.close()
        await http.close()
      } finally {
        await close()
      }
    })
    // Ctrl-C is how a server ends
    return 130
  },
})

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function isLoopback(host: string): boolean {
  return ['127.0.0.1', 'localhost', '::1', '[::1]'].includes(host)
}
