// Node-RED without editor, without listening anywhere, without reporting to anybody.
const http = require('node:http')
const path = require('node:path')

module.exports = (folder, bench) => ({
  userDir: folder,
  flowFile: path.join(folder, 'flows.json'),
  httpAdminRoot: false,
  httpNodeRoot: false,
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  diagnostics: { enabled: false },
  runtimeState: { enabled: false },
  functionExternalModules: false,
  functionTimeout: 0,
  logging: { console: { level: 'warn', metrics: false, audit: false } },
  editorTheme: { tours: false, projects: { enabled: false } },
  functionGlobalContext: { bench, http }
})
