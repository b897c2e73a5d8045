/** @file A session as one HTML page: kept tokens over the text, by layer and head; scores and attention; memory. No network. */
import type { CacheSession, HeadReport } from '@lc/core'
import type { Tokenizer } from '@lc/model'
import { contentHash } from '@lc/model'
import { escapeHtml } from '@lc/model/text'
import { type CachePicture, cachePicture } from './cache-picture.ts'
import { base64, type ColourStops, heatImage } from './heat-image.ts'
import { megabytes, memoryChart } from './memory-chart.ts'
import { pageScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'
import type { CacheRecording } from './record-cache.ts'

/** What is drawn. */
export interface CachePageOptions {
  /** A session under the policy that `recordCache` gave. */
  readonly session: CacheSession
  readonly recording: CacheRecording
  readonly tokenizer: Tokenizer
  /** Defaults to the policy's id. */
  readonly title?: string
}

const widestMap = 1400
const heat: ColourStops = [
  [35, 42, 54],
  [58, 68, 90],
  [146, 100, 60],
  [245, 158, 11],
  [255, 236, 179],
]
const twoColours: ColourStops = [heat[0]!, heat[3]!]

/**
 * The page as a string. Everything from the session is escaped; it needs no network and no outside file, and shows all but single heads
 * without scripts too.
 *
 * @example
 * ```ts
 * import { loadModel } from '@lc/core'
 * import { snapKv } from '@lc/kv'
 * import { cachePage, recordCache } from '@lc/kv/view'
 *
 * export async function draw(text: string): Promise<string> {
 *   await using model = await loadModel('smollm2-135m')
 *   const { policy, recording } = recordCache(snapKv({ budget: '25%' }))
 *   await using session = model.session({ policy })
 *   await session.prefill(text)
 *   return cachePage({ session, recording, tokenizer: model.tokenizer })
 * }
 * ```
 */
export function cachePage(options: CachePageOptions): string {
  const picture = cachePicture(options.session, options.recording, options.tokenizer)
  const title = escapeHtml(options.title ?? picture.report.policy)
  const scriptHash = base64(Uint8Array.from(contentHash(pageScript).match(/../g)!, (pair) => Number.parseInt(pair, 16)))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${scriptHash}'">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="lead">What the key-value cache still holds of the text, by layer and key/value head.</p>
${factsOf(picture)}
${memoryOf(picture)}
${textOf(picture)}
${mapsOf(picture)}
${reasonsOf(picture)}
<footer>Policy ${escapeHtml(picture.report.policy)}. Scores and attention are shown by their rank within each head.</footer>
</main>
<script type="application/json" id="data">${dataOf(picture)}</script>
<script>${pageScript}</script>
</body>
</html>
`
}

function factsOf({ report, tokenBytes }: CachePicture): string {
  const { slots, bytes, tokens, compressions } = report
  const full = tokens * tokenBytes
  const facts = [
    ['Tokens', count(tokens)],
    [
      'Slots per head',
      `${count(slots.mean)} <small>${slots.min === slots.max ? '' : `${count(slots.min)}&ndash;${count(slots.max)}`}</small>`,
    ],
    [
      'Kept',
      `${percent(tokens === 0 ? 1 : slots.mean / tokens)} <small>acted ${count(compressions.length)}&times;</small>`,
    ],
    ['Without a policy', megabytes(full)],
    ['In use', megabytes(bytes.used)],
    ['Allocated', megabytes(bytes.allocated)],
  ]
  return `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

function memoryOf({ memory, tokenBytes }: CachePicture): string {
  return `<section><header><h2>Memory over time</h2><span><i class="key"></i>in use<i class="key r"></i>allocated<i class="key f"></i>without a policy</span></header>
<div class="body">${memoryChart(memory, tokenBytes)}</div></section>`
}

function textOf(picture: CachePicture): string {
  const { texts, kept, scores, attention } = picture
  const classes = [
    tenths('k', shareOf(kept, texts.length)),
    ...ranksIn('s', scores, texts),
    ...ranksIn('a', attention, texts),
  ]
  const tokens = texts.map((text, index) => {
    const names = classes.map((each) => each[index]!)
    if (names[0] === 'k0' && kept.every((row) => row[index] === 0)) names.push('gone')
    return `<i class="${names.join(' ')}">${escapeHtml(text)}</i>`
  })
  const views = [
    ['kept', 'how many heads keep it', true],
    ['score', 'its score', scores !== undefined],
    ['attention', 'attention from the end of the prompt', attention !== undefined],
  ] as const
  const choices = views.flatMap(([id, label, there]) =>
    there
      ? [`<label><input type="radio" name="by" id="by-${id}"${id === 'kept' ? ' checked' : ''}> ${label}</label>`]
      : [],
  )
  return `<section><header><h2>Kept tokens over the text</h2><span data-needs-script hidden><output id="said">all heads</output> <button class="plain" id="all">show all</button></span></header>
<div class="body"><div class="tools"><span>Coloured by</span>${choices.join('')}</div>
<div class="split"><div class="text" id="text" role="region" aria-label="the text, token by token" tabindex="0">${tokens.join('')}</div>${headsOf(picture)}</div></div></section>`
}

/** The share that each head keeps, as cells to choose one by. */
function headsOf({ report, layers, kvHeads }: CachePicture): string {
  // shares of the fullest head: heads differ, however little is kept in all
  const most = Math.max(1, report.slots.max)
  const rows = Array.from({ length: layers }, (_, layer) => {
    const cells = report.heads[layer]!.map((head, index) => {
      const label = `layer ${layer}, head ${index}: ${describeHead(head)}`
      const share = ((80 * head.slots) / most).toFixed(0)
      return `<td><button style="--share:${share}%" data-row="${layer * kvHeads + index}" aria-pressed="false" title="${escapeHtml(label)}" aria-label="${escapeHtml(label)}"></button></td>`
    })
    return `<tr><th scope="row">${layer}</th>${cells.join('')}</tr>`
  })
  return `<table class="heads" aria-label="share of tokens kept, by layer and head"><thead><tr><th></th><th colspan="${kvHeads}" style="text-align:left">heads, by layer</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function mapsOf(picture: CachePicture): string {
  const { kept, scores, attention, texts } = picture
  const figure = (name: string, text: string, rows: readonly Uint8Array[], stops: ColourStops): string =>
    `<figure><figcaption><b>${name}</b> ${text}</figcaption>${mapOf(name, rows, texts.length, stops)}<div class="axis"><span>token 0</span><span>${count(texts.length)}</span></div></figure>`
  const full = kept.map((row) => row.map((value) => value * 255))
  return `<section><header><h2>By layer and head</h2><span>a row for each head, first layer on top; a column for each token</span></header><div class="body">
${figure('Kept', 'amber is still in the cache', full, twoColours)}
${scores ? figure('Score', 'as the policy ranked it; bright is high', scores, heat) : ''}
${attention ? figure('Attention', 'from the last 32 queries of the prompt, before anything went; bright is high', attention, heat) : ''}
</div></section>`
}

/** Neighbouring tokens share a column where there are too many: the largest of them shows. */
function mapOf(name: string, rows: readonly Uint8Array[], tokens: number, stops: ColourStops): string {
  if (tokens === 0) return ''
  const per = Math.ceil(tokens / widestMap)
  const width = Math.ceil(tokens / per)
  const bytes = new Uint8Array(width * rows.length)
  for (const [index, row] of rows.entries())
    for (let token = 0; token < tokens; token++) {
      const at = index * width + Math.floor(token / per)
      bytes[at] = Math.max(bytes[at]!, row[token]!)
    }
  const height = Math.max(90, Math.min(300, rows.length * 3))
  return `<img class="map" style="height:${height}px" alt="${name} by layer, head and token" src="${heatImage(bytes, width, rows.length, stops)}">`
}

function reasonsOf({ report }: CachePicture): string {
  const rows = report.heads.flatMap((heads, layer) =>
    heads.map(
      (head, index) =>
        `<tr><td>${layer}</td><td>${index}</td><td>${count(head.slots)}</td><td>${megabytes(head.bytes)}</td><td>${escapeHtml(describeHead(head))}</td></tr>`,
    ),
  )
  const names = ['layer', 'head', 'slots', 'bytes', 'why'].map((name) => `<th scope="col">${name}</th>`).join('')
  return `<section><details><summary>Each head, and why its slots are there</summary><table class="list"><thead><tr>${names}</tr></thead><tbody>${rows.join('')}</tbody></table></details></section>`
}

/** Why the slots of a head are there, in words. */
function describeHead({ kept }: HeadReport): string {
  const words = { all: 'all there is', first: 'first tokens', last: 'last tokens', new: 'since then' }
  return kept
    .map((part) => `${part.slots} ${part.because === 'chosen' ? `by ${part.by}` : words[part.because]}`)
    .join(', ')
}

/** Kept tokens of all heads as bits, head by head. */
function dataOf({ kept, texts, kvHeads }: CachePicture): string {
  const bits = new Uint8Array(Math.ceil((kept.length * texts.length) / 8))
  for (const [row, tokens] of kept.entries())
    for (let token = 0; token < tokens.length; token++) {
      const at = row * tokens.length + token
      if (tokens[token]) bits[at >> 3] = bits[at >> 3]! | (1 << (at & 7))
    }
  return JSON.stringify({ heads: kvHeads, rows: kept.length, kept: base64(bits) })
}

function ranksIn(prefix: string, rows: readonly Uint8Array[] | undefined, texts: readonly string[]): string[][] {
  return rows
    ? [
        tenths(
          prefix,
          Float64Array.from(shareOf(rows, texts.length), (value) => value / 255),
        ),
      ]
    : []
}

/** The mean of all heads by token. */
function shareOf(rows: readonly Uint8Array[], tokens: number): Float64Array {
  const sums = new Float64Array(tokens)
  for (const row of rows) for (let token = 0; token < tokens; token++) sums[token] = sums[token]! + row[token]!
  return sums.map((sum) => sum / rows.length)
}

/** Steps of colour, as shares of the largest: what is kept by most is bright, however little is kept in all. */
function tenths(prefix: string, shares: Float64Array): string[] {
  const most = shares.reduce((largest, share) => Math.max(largest, share), 0) || 1
  return Array.from(shares, (share) => `${prefix}${Math.min(9, Math.floor((share / most) * 10))}`)
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
}
