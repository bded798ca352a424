// Bytes of the known log `log-state` do not change unnoticed.
import { claimNoByteGoesUnnoticed } from './flips.js';

claimNoByteGoesUnnoticed('log-state');
