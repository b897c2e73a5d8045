/** @file The look of the page: one scale from slate to amber, readable in light and dark, without any outside file. */
const steps = Array.from({ length: 10 }, (_, step) => step)
/** A token's class in each of the three views; the checked one colours it. */
const tints = ['kept', 'score', 'attention']
  .flatMap((view) =>
    steps.map(
      (step) =>
        `body:has(#by-${view}:checked) .${view[0]}${step}{background:color-mix(in srgb,var(--mark) ${step * 9}%,transparent)}`,
    ),
  )
  .join('\n')

export const pageStyle = `
:root{color-scheme:light dark;--ink:#1d2433;--soft:#5c667a;--faint:#9aa3b5;--paper:#fbfaf7;--card:#fff;--line:#e4e2da;--mark:#f59e0b;--deep:#b45309;--cell:#eef1f6}
@media (prefers-color-scheme:dark){:root{--ink:#e8e6e0;--soft:#a3abbb;--faint:#687184;--paper:#14171d;--card:#1b1f27;--line:#2c323d;--mark:#d98a0b;--deep:#fbbf24;--cell:#262c37}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 80px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:15px;margin:0;font-weight:600}
p.lead{color:var(--soft);margin:0 0 20px;max-width:80ch}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(158px,1fr));gap:12px;margin:0 0 18px}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.facts dt{color:var(--soft);font-size:12px;letter-spacing:.04em;text-transform:uppercase}
.facts dd{margin:2px 0 0;font-size:19px;font-weight:650;font-variant-numeric:tabular-nums}
.facts small{font-weight:400;font-size:13px;color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;margin:0 0 18px}
section>header{display:flex;flex-wrap:wrap;gap:4px 16px;justify-content:space-between;align-items:baseline;padding:12px 16px;border-bottom:1px solid var(--line)}
section>header span{color:var(--soft);font-size:13px}
.body{padding:14px 16px}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--soft);font-size:12px}
.rule{stroke:var(--line)}.full{stroke:var(--faint);stroke-width:1.5;stroke-dasharray:5 5}
.room{fill:none;stroke:var(--soft);stroke-width:1.5}.use{fill:none;stroke:var(--deep);stroke-width:2.5}
.key{display:inline-block;width:22px;border-top:3px solid var(--deep);vertical-align:middle;margin:0 6px 0 14px}
.key.r{border-top:2px solid var(--soft)}.key.f{border-top:2px dashed var(--faint)}
.split{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:18px;align-items:start}
.heads{position:sticky;top:12px;border-collapse:separate;border-spacing:2px;font-size:11px;color:var(--soft)}
.heads th{font-weight:400;text-align:right;padding-right:4px;font-variant-numeric:tabular-nums}
.heads td{padding:0}
.heads button,.heads .cell{display:block;width:26px;height:15px;padding:0;border:0;border-radius:3px;background:color-mix(in srgb,var(--mark) var(--share),var(--cell))}
.heads button{cursor:pointer}
.heads button[aria-pressed=true]{outline:2px solid var(--ink);outline-offset:1px}
.tools{display:flex;flex-wrap:wrap;gap:6px 20px;align-items:center;margin:0 0 12px;color:var(--soft);font-size:13px}
.tools label{cursor:pointer}
.tools output{color:var(--ink);font-weight:600}
button.plain{font:inherit;color:var(--deep);background:none;border:0;padding:0;cursor:pointer;text-decoration:underline}
.text{font:13px/1.75 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4;unicode-bidi:isolate;max-height:640px;overflow-y:auto}
.text i{font-style:normal;border-radius:2px}
.text .gone{color:var(--faint)}
.text[data-head] i{background:none!important;color:var(--faint)}
.text[data-head] i.on{background:color-mix(in srgb,var(--mark) 45%,transparent)!important;color:var(--ink)}
.text i.here,.text i:hover{outline:2px solid var(--deep)}
figure{margin:0 0 18px}figure:last-child{margin:0}
figcaption{font-size:13px;color:var(--soft);margin:0 0 6px}figcaption b{color:var(--ink)}
.map{display:block;width:100%;image-rendering:pixelated;border-radius:6px;background:#232a36;cursor:crosshair}
.axis{display:flex;justify-content:space-between;font-size:12px;color:var(--soft)}
details>summary{cursor:pointer;padding:12px 16px;font-weight:600}
table.list{border-collapse:collapse;width:100%;font-size:13px}
.list th{color:var(--soft);font-weight:500;text-align:left}
.list th,.list td{padding:4px 16px;border-top:1px solid var(--line);font-variant-numeric:tabular-nums}
footer{color:var(--soft);font-size:12px;margin-top:26px}
:focus-visible{outline:2px solid var(--deep);outline-offset:2px}
${tints}
@media (max-width:720px){main{padding:20px 12px}.split{grid-template-columns:1fr}.heads{position:static}}
@media print{.text{max-height:none}.tools{display:none}}
`
