/** @file What the page can do beyond showing: one head at a time, and the token under the pointer in text and maps. */
export const pageScript = `'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const bits = Uint8Array.from(atob(data.kept), (each) => each.charCodeAt(0))
const text = document.getElementById('text')
const tokens = [...text.querySelectorAll('i')]
const said = document.getElementById('said')
const cells = [...document.querySelectorAll('.heads button')]
const has = (row, token) => { const at = row * tokens.length + token; return (bits[at >> 3] >> (at & 7)) & 1 }
const nameOf = (row) => 'layer ' + Math.floor(row / data.heads) + ', head ' + (row % data.heads)
function choose(row) {
  for (const cell of cells) cell.setAttribute('aria-pressed', String(Number(cell.dataset.row) === row))
  if (row === undefined) {
    delete text.dataset.head
    said.textContent = 'all heads'
    return
  }
  text.dataset.head = row
  let count = 0
  tokens.forEach((token, index) => { const on = has(row, index); count += on; token.classList.toggle('on', on === 1) })
  said.textContent = nameOf(row) + ' keeps ' + count + ' of ' + tokens.length
}
for (const cell of cells) cell.addEventListener('click', () => choose(cell.getAttribute('aria-pressed') === 'true' ? undefined : Number(cell.dataset.row)))
document.getElementById('all').addEventListener('click', () => choose(undefined))
text.addEventListener('mouseover', ({ target }) => {
  if (target.tagName !== 'I') return
  const token = tokens.indexOf(target)
  let count = 0
  for (let row = 0; row < data.rows; row++) count += has(row, token)
  target.title = 'token ' + token + ': kept by ' + count + ' of ' + data.rows + ' heads'
})
for (const map of document.querySelectorAll('.map')) {
  const find = ({ clientX, clientY }) => {
    const { left, top, width, height } = map.getBoundingClientRect()
    const share = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value * count)))
    return { token: share((clientX - left) / width, tokens.length), row: share((clientY - top) / height, data.rows) }
  }
  map.addEventListener('mousemove', (event) => {
    const { token, row } = find(event)
    document.querySelector('.here')?.classList.remove('here')
    tokens[token].classList.add('here')
    map.title = nameOf(row) + ', token ' + token + ' ' + JSON.stringify(tokens[token].textContent) + (has(row, token) ? ', kept' : ', gone')
  })
  map.addEventListener('mouseleave', () => document.querySelector('.here')?.classList.remove('here'))
  map.addEventListener('click', (event) => { const { token, row } = find(event); choose(row); tokens[token].scrollIntoView({ block: 'nearest' }) })
}
for (const each of document.querySelectorAll('[data-needs-script]')) each.hidden = false
`
