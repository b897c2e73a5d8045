/** @file Settings of the hub from the environment, with the variables of Python's `huggingface_hub`. */

/** How to speak to a hub. */
export interface HubSettings {
  /** Address without a slash at the end. */
  readonly endpoint: string
  readonly offline: boolean
  /**
   * How a file's commit and hash are learnt: from the headers of a request for it, or from the hub's listing where a
   * program cannot see the headers of a redirect (browsers).
   */
  readonly access: 'headers' | 'listing'
  /** Sent to the endpoint's own host only. */
  readonly token?: string | undefined
  readonly headTimeoutMs: number
  /** How long a download may stand still. */
  readonly idleTimeoutMs: number
  /** The pause before a broken download is taken up again; doubled from try to try. */
  readonly retryPauseMs: number
}

const publicHub = 'https://huggingface.co'

/** Reads the settings; an empty variable counts as missing. */
export function hubSettings(environment: Readonly<Record<string, string | undefined>>): HubSettings {
  const token = environment.HF_TOKEN || environment.HUGGING_FACE_HUB_TOKEN || undefined
  return {
    endpoint: (environment.HF_ENDPOINT || publicHub).replace(/\/+$/, ''),
    offline: isOn(environment.HF_HUB_OFFLINE) || isOn(environment.TRANSFORMERS_OFFLINE),
    token: isOn(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? undefined : token?.trim(),
    headTimeoutMs: seconds(environment.HF_HUB_ETAG_TIMEOUT, 10),
    idleTimeoutMs: seconds(environment.HF_HUB_DOWNLOAD_TIMEOUT, 10),
    retryPauseMs: 500,
    access: 'headers',
  }
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase())
}

function seconds(value: string | undefined, fallback: number): number {
  const number = Number(value)
  return (value && Number.isFinite(number) && number > 0 ? number : fallback) * 1000
}
