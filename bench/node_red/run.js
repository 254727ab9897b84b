// Starts Node-RED with the flow; a line of JSON in is a task, a line of JSON out says what was posted.
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const readline = require('node:readline')
const RED = require('node-red')

const folder = process.env.BENCH_FOLDER
const scripted = process.env.BENCH_SCRIPTED === '1'
const bench = { tables: JSON.parse(fs.readFileSync(path.join(folder, 'tables.json'))) }
const say = answer => process.stdout.write(JSON.stringify(answer) + '\n')
console.log = console.error // Node-RED writes its log with it; standard output is for answers

fs.writeFileSync(path.join(folder, 'flows.json'), JSON.stringify(require('./flow.js')(scripted)))
RED.init(http.createServer(), require('./settings.js')(folder, bench))
RED.events.on('flows:started', () => {
  say({})
  readline.createInterface({ input: process.stdin }).on('line', run).on('close', () => process.exit(0))
})
RED.start()

function run (line) {
  bench.task = JSON.parse(line)
  bench.agent = new http.Agent({ keepAlive: true, maxSockets: bench.task.in_flight })
  bench.count = { entries: Infinity, mapped: 0, posted: 0, with_people: 0, amounts: {} }
  bench.collected = []
  bench.window = { under_way: 0, waiting: [], next: 0 }
  bench.finish = () => {
    if (bench.count.posted + bench.count.with_people < bench.count.entries) return
    bench.agent.destroy()
    say(bench.count)
  }
  RED.nodes.getNode('request').receive({ page: 1 })
}
