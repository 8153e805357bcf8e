// bulk.js URL COUNT FLUSH_BYTES CONCURRENCY, the documents on standard input:
// writes them with the bulk helper of @elastic/elasticsearch. Prints how many
// were written, the seconds it took and its peak memory.
'use strict'

const { readFileSync } = require('node:fs')
const { Client } = require('@elastic/elasticsearch')

// The most that was resident, from Linux's own account.
function peakKibibytes () {
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
}

async function main ([url, count, flushBytes, concurrency]) {
  const products = readFileSync(0, 'utf8').trim().split('\n').map(line => JSON.parse(line))
  // Of the data sources that the helper takes, an array costs the least.
  const datasource = Array.from({ length: Number(count) }, (_, n) => products[n % products.length])
  const began = process.hrtime.bigint()
  const client = new Client({ node: url, auth: { username: 'elastic', password: 'changeme' } })
  let id = 0
  const stats = await client.helpers.bulk({
    datasource,
    flushBytes: Number(flushBytes),
    concurrency: Number(concurrency),
    onDocument: () => ({ index: { _index: 'products', _id: String(id++) } })
  })
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  console.log(stats.successful, seconds, peakKibibytes())
  await client.close()
}

main(process.argv.slice(2)).catch(error => {
  console.error(error)
  process.exit(1)
})
