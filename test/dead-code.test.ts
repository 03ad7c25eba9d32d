import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')

interface Module {
  exports: string[]
  /** Names taken from other modules, `*` for all of them; `as` where a name is handed on under another. */
  imports: { from: string; name: string; as?: string }[]
}

const readModule = (file: string): Module => {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const module: Module = { exports: [], imports: [] }
  const target = ({ text }: { text: string }) => path.resolve(path.dirname(file), text)
  const visit = (node: ts.Node) => {
    if (ts.isImportDeclaration(node)) {
      const from = target(node.moduleSpecifier as ts.StringLiteral)
      const bindings = node.importClause?.namedBindings
      if (bindings && ts.isNamedImports(bindings))
        for (const { propertyName, name } of bindings.elements)
          module.imports.push({ from, name: (propertyName ?? name).text })
      else module.imports.push({ from, name: '*' })
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      const from = target(node.moduleSpecifier as ts.StringLiteral)
      const clause = node.exportClause
      if (clause && ts.isNamedExports(clause))
        for (const { propertyName, name } of clause.elements) {
          module.exports.push(name.text)
          module.imports.push({ from, name: (propertyName ?? name).text, as: name.text })
        }
      else module.imports.push({ from, name: '*' })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      // What is computed is none of our modules.
      const [from] = node.arguments
      if (ts.isStringLiteral(from)) module.imports.push({ from: target(from), name: '*' })
    } else if (
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    ) {
      // A type that its own module uses belongs to a signature there.
      const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)
      if (isType && source.text.split(new RegExp(`\\b${node.name.text}\\b`)).length > 2) return
      const names = ts.isVariableStatement(node)
        ? node.declarationList.declarations.map(({ name }) => name)
        : [(node as ts.FunctionDeclaration).name!]
      for (const name of names) if (ts.isIdentifier(name)) module.exports.push(name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return module
}

/** Taken by name by what runs them: the test runner, and Lambda. */
const entries = /^vitest\.config\.ts|^functions\/[\w-]+\/(lambda|gpu)\.ts: handler$/

it('nothing is exported that nobody imports', () => {
  const files = globSync('**/*.{ts,js}', {
    cwd: root,
    exclude: name => /^(node_modules|dist|build|cdk\.out|results)$/.test(name)
  })
  const modules = new Map(files.map(file => [path.join(root, file), readModule(path.join(root, file))]))

  const used = new Set<string>()
  const use = (file: string, name: string) => {
    const key = `${file}#${name}`
    if (used.has(key)) return
    used.add(key)
    // What is used of a module that only hands it on is used where it comes from.
    for (const { from, name: inner, as } of modules.get(file)?.imports ?? [])
      if (as !== undefined && (name === as || name === '*')) use(from, inner)
  }
  for (const { imports } of modules.values())
    for (const { from, name, as } of imports) if (as === undefined) use(from, name)

  const dead = [...modules].flatMap(([file, { exports }]) =>
    used.has(`${file}#*`)
      ? []
      : exports
          .filter(name => !used.has(`${file}#${name}`))
          .map(name => `${path.relative(root, file)}: ${name}`)
  )
  expect(dead.filter(name => !entries.test(name))).toEqual([])
})
