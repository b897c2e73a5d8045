/** @file The look of the page: one scale from slate to amber, readable in light and dark, without any outside file. */
export const pageStyle = `
:root{color-scheme:light dark;--ink:#1d2433;--soft:#5c667a;--faint:#768196;--paper:#fbfaf7;--card:#fff;--line:#e4e2da;--accent:#b45309;
--s0:#e6ebf3;--s1:#eef1f6;--s2:#f6f3e8;--s3:#fbf2d9;--s4:#fdebc2;--s5:#fde2a6;--s6:#fcd588;--mark:#b45309}
@media (prefers-color-scheme:dark){:root{--ink:#e8e6e0;--soft:#a3abbb;--faint:#7d879a;--paper:#14171d;--card:#1b1f27;--line:#2c323d;--accent:#fbbf24;
--s0:#1f2530;--s1:#232c3a;--s2:#2e2d26;--s3:#363122;--s4:#423a21;--s5:#50441f;--s6:#62511c;--mark:#fbbf24}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 80px}
h1{font-size:26px;line-height:1.25;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:15px;margin:0;font-weight:600;overflow-wrap:anywhere}
.query{color:var(--soft);margin:0 0 22px;max-width:80ch;white-space:pre-wrap;overflow-wrap:anywhere}
.query b{color:var(--ink);font-weight:600}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px;margin:0 0 14px}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.facts dt{color:var(--soft);font-size:12px;letter-spacing:.04em;text-transform:uppercase}
.facts dd{margin:2px 0 0;font-size:20px;font-weight:650;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.facts small{font-weight:400;font-size:13px;color:var(--soft)}
.bar{height:12px;border-radius:6px;background:var(--s1);overflow:hidden;border:1px solid var(--line)}
.bar i{display:block;height:100%;background:var(--mark)}
.tools{display:flex;flex-wrap:wrap;gap:10px 26px;align-items:center;margin:18px 0 22px;color:var(--soft);font-size:13px}
.tools label{cursor:pointer;padding:4px 2px}
.scale{display:inline-flex;border:1px solid var(--line);border-radius:6px;overflow:hidden;vertical-align:middle;margin:0 8px}
.scale i{width:26px;height:14px;display:block}
.s0{--tint:var(--s0)}.s1{--tint:var(--s1)}.s2{--tint:var(--s2)}.s3{--tint:var(--s3)}.s4{--tint:var(--s4)}.s5{--tint:var(--s5)}.s6{--tint:var(--s6)}
.scale i,.chip{background:var(--tint)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;margin:0 0 18px;overflow:hidden}
section>header{display:flex;gap:14px;justify-content:space-between;align-items:baseline;padding:12px 16px;border-bottom:1px solid var(--line)}
section>header span{color:var(--soft);font-size:13px;white-space:nowrap;font-variant-numeric:tabular-nums}
.code{font:12.5px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-x:auto;padding:8px 0;tab-size:4}
.l{display:grid;grid-template-columns:5px 56px minmax(max-content,1fr);white-space:pre;min-height:1.6em;unicode-bidi:isolate}
.l>b{background:var(--tint,transparent)}
.l>i{font-style:normal;color:var(--faint);text-align:right;padding-right:14px;user-select:none}
.l>code{font:inherit;padding:0 16px 0 8px}
.kept>b{background:var(--mark)}
.kept>code,.mixed>code>.k{background:var(--tint,transparent)}
.dropped>code,.mixed>code>.d{color:var(--faint)}
.mixed>code>.d{text-decoration:line-through;text-decoration-thickness:1px}
details>summary{cursor:pointer;list-style:none;color:var(--soft);padding:1px 16px 1px 73px;background:repeating-linear-gradient(135deg,transparent 0 6px,var(--s0) 6px 7px)}
details>summary::before{content:"\\25B8  "}
details[open]>summary::before{content:"\\25BE  "}
summary:focus-visible,input:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
body:has(#only:checked) .dropped,body:has(#only:checked) .blank,body:has(#only:checked) details{display:none}
table{border-collapse:collapse;width:100%;font-size:13px}
th{color:var(--soft);font-weight:500;text-align:left;padding:8px 10px;border-bottom:1px solid var(--line)}
td{padding:5px 10px;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;vertical-align:baseline}
tr:last-child td{border-bottom:0}
td:first-child,th:first-child{padding-left:16px}
td.n,th:nth-child(n+4){text-align:right}
section details>summary{padding:6px 16px;font-size:13px}
.code details>summary{padding:3px 16px 3px 69px;font-size:inherit}
td.name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.chip{display:inline-block;min-width:58px;text-align:right;border-radius:5px;padding:0 7px}
.state-dropped td{color:var(--soft)}
footer{color:var(--soft);font-size:12px;margin-top:26px}
ul.warnings{color:var(--accent);margin:0 0 16px;padding-left:20px}
@media (max-width:640px){main{padding:20px 12px}.l{grid-template-columns:5px 40px minmax(max-content,1fr)}}
@media print{details{display:none}}
`
