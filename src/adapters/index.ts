/** Adapters: delivery and shared state. `createServer({ adapter })` takes one. */
export { createLocalAdapter } from './local.js'
