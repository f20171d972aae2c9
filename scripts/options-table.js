// @ts-check
// The README's table of options, made from their doc comments: node scripts/options-table.js writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SOURCE = 'libs/session/src/nest/session.options.ts';
const BEGIN = '<!-- options: written by scripts/options-table.js -->\n';
const END = '<!-- end of options -->';
/** Options that have options of their own. */
const GROUPS = new Map([
  ['cookie', 'SessionCookieOptions'],
  ['sockets', 'SessionSocketOptions'],
]);

/** @returns {string} the options of `SessionModule`, the nested ones among them, as Markdown */
export function optionsTable() {
  const source = ts.createSourceFile(SOURCE, readFileSync(SOURCE, 'utf8'), ts.ScriptTarget.Latest, true);
  const interfaces = new Map(
    source.statements
      .filter(ts.isInterfaceDeclaration)
      .map((node) => [node.name.text, node.members.filter(ts.isPropertySignature)]),
  );
  const rows = (interfaces.get('SessionOptions') ?? []).flatMap((member) => {
    const name = member.name.getText();
    const group = GROUPS.get(name);
    return group ? (interfaces.get(group) ?? []).map((nested) => row(nested, `${name}.`)) : [row(member)];
  });
  return ['| option | default | what it does |', '| --- | --- | --- |', ...rows].join('\n') + '\n';
}

/** @param {import('typescript').PropertySignature} member */
function row(member, prefix = '') {
  const name = prefix + member.name.getText();
  const doc = ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc);
  if (!doc) throw new Error(`${SOURCE}: the option ${name} has no doc comment.`);
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
  if (!tag) throw new Error(`${SOURCE}: the option ${name} has no @default.`);
  return `| \`${name}\` | ${cell(code(text(tag.comment)))} | ${cell(text(doc.comment))} |`;
}

/** @param {string} value a literal is set as code, words are not */
function code(value) {
  const [literal] = /^('[^']*'|\d+|true|false|\{.*\})/.exec(value) ?? [];
  return literal ? `\`${literal}\`${value.slice(literal.length)}` : value;
}

/** @param {string | import('typescript').NodeArray<import('typescript').JSDocComment> | undefined} comment */
const text = (comment) => (ts.getTextOfJSDocComment(comment) ?? '').replace(/\s+/g, ' ').trim();

/** @param {string} value */
const cell = (value) => value.replaceAll('|', '\\|');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = readFileSync('README.md', 'utf8');
  const from = readme.indexOf(BEGIN) + BEGIN.length;
  writeFileSync('README.md', readme.slice(0, from) + optionsTable() + readme.slice(readme.indexOf(END)));
}
