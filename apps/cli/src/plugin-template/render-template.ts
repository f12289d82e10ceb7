/** Where the packages of nook itself come from: package → what npm is told. */
export interface NookPackages {
  /** Version ranges or `file:` tarballs. */
  readonly specifiers: Readonly<Record<string, string>>;
  /** For packages that only other packages name, where the registry is not to be asked. */
  readonly overrides: Readonly<Record<string, string>>;
}

/**
 * The files of a new plugin's package. Names that tools of this repository would act upon begin with an underscore in
 * the template: `_package.json`, `_gitignore`.
 */
export function renderTemplate(
  template: Readonly<Record<string, string>>,
  { name, packages }: { readonly name: string; readonly packages: NookPackages },
): ReadonlyMap<string, string> {
  const rendered = Object.entries(template).map(([path, text]) => {
    const target = path === '_gitignore' ? '.gitignore' : path.replace(/^_/, '');
    const named = text.replaceAll('template-name', name).replaceAll('templateName', camelCase(name));
    return [target, target === 'package.json' ? withPackages(named, packages) : named] as const;
  });
  return new Map(rendered);
}

/** As the key of a capability, which is best a word that needs no quotes. */
function camelCase(name: string): string {
  return name.replaceAll(/-+(.?)/g, (_, letter: string) => letter.toUpperCase());
}

function withPackages(manifest: string, { specifiers, overrides }: NookPackages): string {
  const parsed = JSON.parse(manifest) as Record<string, Record<string, string>>;
  for (const kind of ['dependencies', 'devDependencies']) {
    const dependencies = parsed[kind] ?? {};
    for (const name of Object.keys(dependencies)) dependencies[name] = specifiers[name] ?? dependencies[name] ?? '';
  }
  if (Object.keys(overrides).length > 0) parsed.overrides = { ...overrides };
  return `${JSON.stringify(parsed, null, 2)}\n`;
}
