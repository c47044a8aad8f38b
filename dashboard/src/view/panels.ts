/** The panels that the first view does without: one chunk, fetched right after it. */

export { default as Detail } from './Detail.svelte';
export { default as group } from './Group.svelte';
export { default as latest } from './Latest.svelte';
export { default as layers } from './Layers.svelte';
export { default as outbox } from './Outbox.svelte';
export { default as spaces } from './Spaces.svelte';
