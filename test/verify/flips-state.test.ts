// No byte of the known log `log-state` can change unnoticed.
import { claimNoByteGoesUnnoticed } from './flips.js';

claimNoByteGoesUnnoticed('log-state');
