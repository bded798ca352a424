// No byte of the known log `log-retired` can change unnoticed.
import { claimNoByteGoesUnnoticed } from './flips.js';

claimNoByteGoesUnnoticed('log-retired');
