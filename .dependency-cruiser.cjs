// The arrows between folders, as in docs/architecture.md: a folder may import itself and what its row names.
const arrows = {
  events: [],
  models: ['events'],
  layers: ['models', 'events'],
  tasks: ['models', 'layers', 'events'],
  functions: ['tasks', 'layers', 'models', 'events'],
  eval: ['models', 'tasks', 'events'],
  infra: ['local', 'functions', 'tasks', 'layers', 'models', 'events'],
  local: ['functions', 'tasks', 'layers', 'models', 'events'],
  cli: ['infra', 'local', 'eval', 'functions', 'tasks', 'layers', 'models', 'events'],
  bench: ['cli', 'local', 'functions', 'tasks', 'layers', 'models', 'events']
}
const folders = Object.keys(arrows)

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...folders.map(folder => ({
      name: `${folder}-boundary`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: {
        path: `^(${[...folders.filter(other => other !== folder && !arrows[folder].includes(other)), 'test'].join('|')})/`
      }
    })),
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '(^|/)\\.|\\.config\\.(js|ts)$' },
      to: {}
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^\\.\\./dist/' }
    },
    {
      name: 'models-know-no-cloud',
      severity: 'error',
      from: { path: '^(models|tasks|events)/' },
      to: { path: 'node_modules/(@aws-sdk|@middy|node-av)' }
    },
    {
      name: 'dev-dependencies-stay-out',
      severity: 'error',
      from: { path: `^(${folders.filter(f => f !== 'infra').join('|')})/` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build|cdk\\.out|results|\\.clipmill)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types']
    }
  }
}
