import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** Where it is served. */
const FILE = 'licenses.txt';
const HERE = dirname(fileURLToPath(import.meta.url));

/** What the tools that make the build put into it of their own. */
const TOOLS = ['vite', 'rolldown'];
/** From here on, a tool's licence file tells of what only runs while building. */
const BUNDLED = '# Licenses of bundled dependencies';

/** What is served beside the build, as it was published. */
const VENDORED = [
  {
    name: 'Swagger UI',
    files: ['swagger-ui/LICENSE', 'swagger-ui/NOTICE', 'swagger-ui/swagger-ui-bundle.js.LICENSE.txt'],
  },
];

interface Package {
  name: string;
  version: string;
  license?: string;
  homepage?: string;
  dependencies?: Record<string, string>;
}

/** Writes the licences of everything that the pages are made of, next to them. The build fails where one is left out. */
export function licenses(): Plugin {
  return {
    name: 'licenses',
    configureServer(server) {
      server.middlewares.use(`/${FILE}`, (_request, response) => {
        response.setHeader('content-type', 'text/plain; charset=utf-8');
        response.end(text());
      });
    },
    generateBundle() {
      const known = new Set(packages().map(({ name }) => name));
      for (const id of this.getModuleIds()) {
        const name = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id)?.[1]?.replace('\\', '/');
        if (name !== undefined && !known.has(name)) this.error(`${FILE} does not have the licence of ${name}.`);
      }
      this.emitFile({ type: 'asset', fileName: FILE, source: text() });
    },
  };
}

function text(): string {
  const parts = [
    ...packages().map((one) =>
      section(`${one.name} ${one.version}`, `${one.license ?? 'see below'}`, ownFiles(one.name)),
    ),
    ...VENDORED.map(({ name, files }) => section(name, 'Apache-2.0 and others, see below', files.map(read))),
  ];
  return [
    "DriftSentry's pages are licensed under the Apache License 2.0.\n",
    'They contain the following, each under its own licence.\n',
    ...parts,
  ].join('\n');
}

function section(title: string, license: string, texts: readonly string[]): string {
  return [`${'='.repeat(80)}\n${title} (${license})\n${'='.repeat(80)}\n`, ...texts].join('\n');
}

/** What the pages need at run time, and what those need, by name. */
function packages(): Package[] {
  const found = new Map<string, Package>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    const read = described(join('node_modules', name));
    found.set(name, read);
    for (const needed of Object.keys(read.dependencies ?? {})) visit(needed);
  };
  for (const name of Object.keys(described('.').dependencies ?? {})) visit(name);
  for (const name of TOOLS) found.set(name, described(join('node_modules', name)));
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function ownFiles(name: string): string[] {
  const folder = join('node_modules', name);
  const names = readdirSync(join(HERE, folder)).filter((one) => /^(?:licen[cs]e|notice|copying)/i.test(one));
  if (names.length === 0) return ['(The package has no text of its licence.)\n'];
  return names.sort().map((one) => read(join(folder, one)).split(BUNDLED)[0] ?? '');
}

function described(folder: string): Package {
  return JSON.parse(read(join(folder, 'package.json')));
}

function read(path: string): string {
  const text = readFileSync(join(HERE, path), 'utf8').replaceAll('\r\n', '\n');
  return text.endsWith('\n') ? text : `${text}\n`;
}
