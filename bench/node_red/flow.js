// The flow, in Node-RED's own way: one message per entry, its stock nodes for HTTP and for splitting, functions for what
// has no node. read pages -> split -> map and check -> (collect) -> let through -> post -> count. What a function node does
// is the text of its function, as it would be typed into the editor.
// The form "scripted" is no flow any more but a program in function nodes: pages mapped in a loop, posts on an agent of
// its own. It is measured for information.
const REQUEST = `
const task = global.get('bench').task
return { method: 'GET', page: msg.page, url: task.url + '/time_entries?page=' + msg.page + '&per_page=' + task.page }
`

const PAGE = `
const { task, count } = global.get('bench')
count.entries = msg.payload.total_entries
const next = msg.page < task.pages ? { page: msg.page + 1 } : null
return [next, { payload: msg.payload.time_entries }]
`

// Look-ups, fields and rules.
const CHECK = `
const problems = []
const worker = tables.workers[entry.worker_code]
if (worker === undefined) problems.push('worker: the table workers has no row for ' + entry.worker_code)
const project = tables.projects[entry.project_code]
if (project === undefined) problems.push('project: the table projects has no row for ' + entry.project_code)
const job = tables.tasks[entry.task_code]
if (job === undefined) problems.push('task: the table tasks has no row for ' + entry.task_code)
const hours = entry.hours, rate = entry.bill_rate, billable = entry.billable
const amount = billable ? Math.round(hours * rate * 100) / 100 : 0
const description = entry.notes.trim()
if (!(hours > 0)) problems.push(hours + ' hours are not above 0.')
if (!(hours <= 24)) problems.push(hours + ' hours in one day.')
if (entry.status !== 'approved') problems.push('Not approved.')
if (!['EUR', 'USD', 'GBP'].includes(entry.currency)) problems.push(entry.currency + ' is not a currency of ours.')
if (!entry.project_code) problems.push('No project.')
if (billable && !(amount > 0)) problems.push('The amount is ' + amount + '.')
if (!(rate < 1000)) problems.push(rate + ' an hour is unusual.')
if (description.length < 3) problems.push('The description is too short for an invoice.')
const mapped = {
  key: entry.key, legal_entity: entry.legal_entity, worker, project, task: job, role: entry.role,
  worked_on: entry.worked_on, period: entry.worked_on.slice(0, 7), hours, bill_rate: rate, amount,
  currency: entry.currency, billable, description, changed_at: entry.changed_at
}
`

const MAP_ONE = `
const { tables } = global.get('bench')
const entry = msg.payload
%CHECK%
if (problems.length) return [null, { payload: entry, problems }]
msg.payload = mapped
return [msg, null]
`

const PEOPLE = `
const { task, count, finish } = global.get('bench')
count.with_people += 1
finish()
return task.batch === 1 ? null : { problems: msg.problems }
`

// Turns a mapped entry into a call; in the batch cases a hundred of them into one.
const CALL = `
const { task, count, collected } = global.get('bench')
if (task.batch === 1) {
  const entry = msg.payload
  return { sent: [entry], url: task.url + '/entries', payload: JSON.stringify(entry), key: entry.key + '/1' }
}
if (!msg.problems) {
  collected.push(msg.payload)
  count.mapped += 1
}
if (collected.length < task.batch && count.mapped + count.with_people < count.entries) return null
const sent = collected.splice(0)
if (!sent.length) return null
const entries = sent.map(entry => ({ idempotency_key: entry.key + '/1', entry }))
return { sent, url: task.url + '/entries/batch', payload: JSON.stringify({ entries }), key: '' }
`

const MAP_PAGE = `
const { task, tables, count, finish } = global.get('bench')
count.entries = msg.payload.total_entries
const next = msg.page < task.pages ? { page: msg.page + 1 } : null
const out = []
for (const entry of msg.payload.time_entries) {
  %CHECK%
  if (problems.length) { count.with_people += 1; continue }
  out.push(mapped)
}
const calls = []
if (task.batch > 1) {
  for (let start = 0; start < out.length; start += task.batch) {
    const part = out.slice(start, start + task.batch)
    const entries = part.map(entry => ({ idempotency_key: entry.key + '/1', entry }))
    calls.push({ sent: part, url: task.url + '/entries/batch', payload: JSON.stringify({ entries }), key: '' })
  }
} else {
  for (const entry of out) {
    calls.push({ sent: [entry], url: task.url + '/entries', payload: JSON.stringify(entry), key: entry.key + '/1' })
  }
}
finish()
return [next, calls]
`

const POST = `
const { agent } = global.get('bench')
const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(msg.payload) }
if (msg.key) headers['Idempotency-Key'] = msg.key
const request = global.get('http').request(msg.url, { method: 'POST', agent, headers }, response => {
  const parts = []
  response.on('data', part => parts.push(part))
  response.on('end', () => {
    msg.statusCode = response.statusCode
    msg.payload = JSON.parse(Buffer.concat(parts))
    node.send(msg)
  })
})
request.on('error', error => node.error(error, msg))
request.end(msg.payload)
`

// Lets as many calls through as may be under way; the node "http request" has no limit of its own.
const WINDOW = `
const { task, window } = global.get('bench')
if (msg.release) window.under_way -= 1
else window.waiting.push(msg)
const out = []
while (window.under_way < task.in_flight && window.next < window.waiting.length) {
  const call = window.waiting[window.next]
  window.waiting[window.next++] = undefined
  call.method = 'POST'
  call.headers = { 'Content-Type': 'application/json' }
  if (call.key) call.headers['Idempotency-Key'] = call.key
  window.under_way += 1
  out.push(call)
}
return [out]
`

const COUNT = `
const { task, count, finish } = global.get('bench')
const results = task.batch > 1 ? msg.payload.results : [{ ...msg.payload, status: msg.statusCode }]
msg.sent.forEach((entry, place) => {
  if (results[place].status !== 201) return
  count.posted += 1
  count.amounts[entry.currency] = (count.amounts[entry.currency] ?? 0) + entry.amount
})
finish()
return { release: true }
`

const code = (id, func, outputs, ...wires) =>
  ({ id, type: 'function', z: 'flow', name: id, func, outputs, timeout: 0, noerr: 0, initialize: '', finalize: '', libs: [], x: 0, y: 0, wires })
const call = (id, method, ret, to) =>
  ({ id, type: 'http request', z: 'flow', name: id, method, ret, paytoqs: 'ignore', url: '', tls: '', persist: true, proxy: '', insecureHTTPParser: false, authType: '', senderr: false, headers: [], x: 0, y: 0, wires: [[to]] })

const filled = text => text.replace('%CHECK%', CHECK)
const split = to =>
  ({ id: 'split', type: 'split', z: 'flow', name: '', splt: '\\n', spltType: 'str', arraySplt: 1, arraySpltType: 'len', stream: false, addname: '', property: 'payload', x: 0, y: 0, wires: [[to]] })

module.exports = scripted => [
  { id: 'flow', type: 'tab', label: 'Approved time to the ledger', disabled: false },
  code('request', REQUEST, 1, ['read']),
  call('read', 'use', 'obj', 'page'),
  ...(scripted
    ? [code('page', filled(MAP_PAGE), 2, ['request'], ['post']), code('post', POST, 1, ['count']), code('count', COUNT, 1, [])]
    : [
        code('page', PAGE, 2, ['request'], ['split']),
        split('map'),
        code('map', filled(MAP_ONE), 2, ['call'], ['people']),
        code('people', PEOPLE, 1, ['call']),
        code('call', CALL, 1, ['window']),
        code('window', WINDOW, 1, ['post']),
        call('post', 'use', 'obj', 'count'),
        code('count', COUNT, 1, ['window'])
      ])
]
