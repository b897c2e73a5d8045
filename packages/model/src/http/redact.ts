/** @file Takes secrets out of everything that may end in an error or a log. */

/** Replaces every secret in a text by `[redacted]`. */
export type Redact = (text: string) => string

/** What stands for a secret. */
const mark = '[redacted]'

/** Shorter values are placeholders (`none`, `EMPTY`) that local servers ask for, and may occur in any text. */
const shortestSecret = 8

/**
 * A redactor for a list of secrets, also in the forms in which servers repeat them: JSON-escaped, URL-encoded, in
 * base64. Values of fewer than 8 characters are taken for placeholders and left alone.
 */
export function createRedactor(secrets: readonly (string | undefined)[]): Redact {
  const needles = new Set<string>()
  for (const secret of secrets) {
    if (secret === undefined || secret.length < shortestSecret) continue
    for (const form of writtenForms(secret)) if (form.length >= shortestSecret) needles.add(form)
  }
  // longest first, so that a form that contains another one goes as a whole
  const ordered = [...needles].sort((a, b) => b.length - a.length)
  return (text) => {
    let clean = text
    for (const needle of ordered) if (clean.includes(needle)) clean = clean.split(needle).join(mark)
    return clean
  }
}

function writtenForms(secret: string): string[] {
  const forms = [secret, secret.trim(), JSON.stringify(secret).slice(1, -1), JSON.stringify(secret.trim()).slice(1, -1)]
  const asciiJson = JSON.stringify(secret)
    .slice(1, -1)
    .replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  forms.push(asciiJson)
  const bytes = new TextEncoder().encode(secret)
  forms.push(Array.from(bytes, (byte) => urlForm(byte)).join(''))
  forms.push(btoa(String.fromCharCode(...bytes)))
  return forms
}

/** A byte as `encodeURIComponent` writes it; that function throws on lone surrogates. */
function urlForm(byte: number): string {
  const character = String.fromCharCode(byte)
  return /[\w.!~*'()-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** An error as plain, redacted data, for the `cause` of another one: an engine's own message may hold a header. */
export function redactedCause(error: unknown, redact: Redact, depth = 0): unknown {
  if (!(error instanceof Error)) return error === undefined ? undefined : redact(String(error))
  const code = (error as { code?: unknown }).code
  return {
    name: error.name,
    message: redact(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.cause !== undefined && depth < 3 ? { cause: redactedCause(error.cause, redact, depth + 1) } : {}),
  }
}

/** A URL without credentials, query and fragment. */
export function publicUrl(url: string): string {
  try {
    const parsed = new URL(url)
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
  } catch {
    return url.split(/[?#]/)[0] ?? url
  }
}
