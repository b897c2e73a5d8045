import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where Chromium is, or undefined; `LC_CHROMIUM` names another one. */
export function chromiumPath(): string | undefined {
  return process.env.LC_CHROMIUM ?? places.find((place) => existsSync(place))
}

/** Starts headless Chromium, with WebGPU on the software driver. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === undefined)
    throw new Error('Chromium is not installed (apt-get install chromium), or set LC_CHROMIUM')
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
  })
}
