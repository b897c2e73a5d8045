/**
 * What a run of the graph does.
 *
 * - `fused`: T new tokens of B texts after a past that is the same for all heads; causal; for chunks of prompts.
 * - `open`: T new tokens of one text, with a bias for every head and key: any set of visible keys.
 * - `step`: one new token, with a bias for every head and cached key.
 */
export type AttentionMode = 'fused' | 'open' | 'step'
