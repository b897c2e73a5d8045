const special: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// control characters except tab and line ends, and surrogates without their partner
const unshowable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** A text that can become no markup, neither in text nor in quoted attributes; what HTML cannot hold is shown as U+FFFD. */
export function escapeHtml(text: string): string {
  return text.replace(unshowable, '\ufffd').replace(/[&<>"']/g, (character) => special[character]!)
}
