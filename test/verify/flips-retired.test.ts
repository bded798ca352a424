// Bytes of the known log `log-retired` do not change unnoticed.
import { claimNoByteGoesUnnoticed } from './flips.js';

claimNoByteGoesUnnoticed('log-retired');
