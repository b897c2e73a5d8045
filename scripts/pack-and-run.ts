/**
 * @file What a user gets from npm: packs every package, installs the tarballs in an empty app outside the repository, and
 * runs `packed-program.ts` there in Node, bundled by esbuild in headless Chromium, and the command `lc`. Needs the build.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { openBrowser } from './open-browser.ts'
import { serveFolder } from './serve-folder.ts'
import { workspacePackages } from './workspace-packages.ts'

const root = join(import.meta.dirname, '..')
/** Engines that an app brings itself, and what type-checks it. */
const engines = ['onnxruntime-node', 'onnxruntime-web', 'web-tree-sitter', '@vscode/tree-sitter-wasm', 'tree-sitter-c']
const expected = /^kept \d+ of \d+ tokens; answer 4$/

function run(command: string, parameters: string[], cwd: string): string {
  // npm is a script file on Windows, which only a shell starts
  const shell = process.platform === 'win32'
  return execFileSync(command, parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell })
}

/** An empty app with our tarballs and the engines installed. */
function installApp(folder: string): void {
  const packed = join(folder, 'packed')
  mkdirSync(packed)
  for (const one of workspacePackages(root)) {
    if (!existsSync(join(one.folder, 'dist'))) throw new Error(`${one.name} is not built; run npm run build`)
    run('npm', ['pack', '--silent', '--pack-destination', packed], one.folder)
  }
  const tarballs = readdirSync(packed)
  const versions = engines.map((name) => {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
    return [name, version] as const
  })
  const ours = tarballs.map(
    (file) => [`@lc/${file.replace(/^lc-([\w-]+?)-\d.*$/, '$1')}`, `file:packed/${file}`] as const,
  )
  const manifest = {
    name: 'app',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries([...ours, ...versions]),
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  // its install script fetches GPU libraries from outside the registry
  writeFileSync(join(folder, '.npmrc'), 'onnxruntime-node-install=skip\n')
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], folder)
}

/** Compiles the program with the types of the tarballs, as a user's project would. */
function typeCheck(folder: string): void {
  const options = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: [],
    // as `tsc --init` sets it: the types of web-tree-sitter name a type that they do not declare
    skipLibCheck: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }))
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
}

async function bundle(folder: string, platform: 'node' | 'browser', outdir: string): Promise<void> {
  await build({
    absWorkingDir: folder,
    entryPoints: ['packed-program.ts'],
    bundle: platform === 'browser',
    // the engine starts its threads from the file that it lies in, which must not be the program itself
    splitting: platform === 'browser',
    format: 'esm',
    target: 'es2022',
    platform,
    outdir,
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  })
}

/** Runs the bundled program in a page and gives its last line. */
async function runInBrowser(folder: string, model: string): Promise<string> {
  const web = join(folder, 'web')
  mkdirSync(web)
  await bundle(folder, 'browser', web)
  cpSync(join(folder, 'node_modules/onnxruntime-web/dist'), web, { recursive: true })
  writeFileSync(
    join(web, 'index.html'),
    '<link rel="icon" href="data:,"><script type="module" src="packed-program.mjs"></script>',
  )
  const server = await serveFolder(web, { '/model.gguf': model })
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`))
    page.on('console', (message) => process.stderr.write(`page: ${message.text()}\n`))
    await page.goto(`${server.address}/?model=${server.address}/model.gguf`)
    const title = await page.waitForFunction(() => document.title || undefined, undefined, { timeout: 240_000 })
    return String(await title.jsonValue())
  } finally {
    await browser.close()
    await server.close()
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lc-packed-'))
  const say = (line: string) => process.stdout.write(`${line}\n`)
  try {
    installApp(folder)
    say(`installed ${readdirSync(join(folder, 'packed')).length} packages in an empty app`)
    cpSync(join(root, 'scripts/packed-program.ts'), join(folder, 'packed-program.ts'))
    typeCheck(folder)
    say('types: ok')
    await bundle(folder, 'node', folder)
    const printed = run(process.execPath, ['packed-program.mjs'], folder).trim().split('\n').at(-1)!
    say(`node: ${printed}`)
    const info = JSON.parse(
      run(process.execPath, ['node_modules/@lc/cli/dist/lc.js', 'models', 'info', 'smollm2-135m', '--json'], folder),
    )
    say(`lc: ${info.file}`)
    const inPage = await runInBrowser(folder, info.file)
    say(`browser: ${inPage}`)
    for (const line of [printed, inPage]) if (!expected.test(line)) throw new Error(`unexpected: ${line}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
