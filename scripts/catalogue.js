// Prints the catalogue as the tables that stand in README.md, from the shapes that the daemon checks events with.
// `--write` puts them there, between their two markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { streams } from '../dist/event/catalogue.js';
import { fieldLabel } from '../dist/event/field.js';

const readme = new URL('../README.md', import.meta.url);
const markers = /(?<=<!-- catalogue -->\n)[\s\S]*?(?=<!-- \/catalogue -->)/;

/** The fields of a shape in one cell, but for the one whose words stand in the kind column. */
function fieldsOf(shape, kindField) {
  return Object.entries(shape.fields).map(([name, field]) => (name === kindField ? `\`${name}\`` : fieldLabel(name, field))).join(' · ');
}

/** The map of variants in a type, wherever it lies: the type itself, or one of its fields. */
function variantsIn(type) {
  if (type.shapes !== undefined) return type;
  return Object.values(type.fields).map((field) => field.type).find((inner) => inner.shapes !== undefined);
}

function tableOf({ name, type, kinds, kindAt }) {
  const variants = variantsIn(type);
  const rows = variants === undefined
    ? [[kinds === undefined ? 'any' : kinds.map((kind) => `\`${kind}\``).join(' '), fieldsOf(type, kinds && kindAt.at(-1))]]
    : [...variants.shapes].map(([kind, shape]) => [`\`${kind}\``, fieldsOf(shape, variants.tag)]);
  const envelope = variants === undefined || variants === type ? '' : `: ${fieldsOf(type, kindAt[0])}, and in it`;
  return [
    `\`${name}\`${envelope}`, '', `| \`${kindAt.join('.')}\` | fields |`, '| --- | --- |',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`), '',
  ].join('\n');
}

const tables = `${streams.map(tableOf).join('\n')}\n`;
if (process.argv.includes('--write')) writeFileSync(readme, readFileSync(readme, 'utf8').replace(markers, () => tables));
else process.stdout.write(tables);
