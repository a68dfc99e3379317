export { type Colours, colours } from './terminal.js';
