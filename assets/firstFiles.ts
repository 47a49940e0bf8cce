import type { HtmlTagDescriptor, Plugin } from 'vite';

/**
 * Names in the page what its script will ask for in any case: React and what all pages stand on. A browser then fetches
 * it beside the script, not after it. What follows from the address alone, the script itself asks for.
 */
export function firstFiles(): Plugin {
  return {
    name: 'first-files',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {}, chunk: entry }) {
        const app = Object.values(bundle).find((file) => file.type === 'chunk' && file.name === 'app');
        if (app?.type !== 'chunk') return [];
        const scripts = new Set<string>();
        const styles = new Set<string>();
        const isThere = (name: string) => name === entry?.fileName || entry?.imports.includes(name);
        const collect = (name: string) => {
          const file = bundle[name];
          if (file?.type !== 'chunk' || isThere(name) || scripts.has(name)) return;
          scripts.add(name);
          for (const style of file.viteMetadata?.importedCss ?? []) styles.add(style);
          for (const imported of file.imports) collect(imported);
        };
        collect(app.fileName);
        return [
          ...[...scripts].map((name) => link('modulepreload', name)),
          ...[...styles].map((name) => link('stylesheet', name)),
        ];
      },
    },
  };
}

const link = (rel: string, name: string): HtmlTagDescriptor => ({
  tag: 'link',
  attrs: { rel, crossorigin: true, href: `/${name}` },
  injectTo: 'head',
});
