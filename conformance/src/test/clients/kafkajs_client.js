// KafkaJS against a broker: arguments are its address, a prefix for names, and what to do besides: transactions, admin.
import assert from 'node:assert/strict'
import zlib from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import * as wasm from '@platformatic/wasm-utils'
import kafkajs from 'kafkajs'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs
const [address, prefix, ...steps] = process.argv.slice(2)
const codecs = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' }
const records = [...Array(100).keys()]
const deadline = Date.now() + 90_000

// KafkaJS brings gzip only.
const codec = (compress, decompress) => () => ({
  compress: async encoder => Buffer.from(compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(decompress(buffer))
})
CompressionCodecs[CompressionTypes.Snappy] = codec(wasm.snappyCompress, wasm.snappyDecompress)
CompressionCodecs[CompressionTypes.LZ4] = codec(wasm.lz4Compress, wasm.lz4Decompress)
CompressionCodecs[CompressionTypes.ZSTD] = codec(zlib.zstdCompressSync, zlib.zstdDecompressSync)

const kafka = new Kafka({ clientId: 'kafkajs', brokers: [address], logLevel: logLevel.NOTHING })

async function until (condition, what) {
  while (!await condition()) {
    assert.ok(Date.now() < deadline, what)
    await sleep(50)
  }
}

const message = i => ({ key: `k${i}`, value: `${i}${'x'.repeat(500)}`, headers: { n: `${i}` } })

async function member (groupId, topic, options = {}) {
  const consumer = kafka.consumer({ groupId, rebalanceTimeout: 10_000, ...options })
  const state = { consumer, assigned: [], seen: [] }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    state.assigned = payload.memberAssignment[topic] ?? []
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message: { key, value, headers } }) => {
      const i = Number(key.toString().slice(1))
      assert.equal(value.toString(), message(i).value)
      assert.equal(headers.n.toString(), `${i}`)
      state.seen.push(i)
    }
  })
  return state
}

const sorted = numbers => [...numbers].sort((a, b) => a - b)

const admin = kafka.admin()
await admin.connect()
const topics = [...Object.keys(codecs), 'transactions'].map(name => `${prefix}-${name}`)
assert.equal(await admin.createTopics({
  waitForLeaders: true,
  topics: topics.map(topic => ({ topic, numPartitions: 4, replicationFactor: 1 }))
}), true)

for (const [name, type] of Object.entries(codecs)) {
  const topic = `${prefix}-${name}`
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({ topic, compression: CompressionTypes[type], messages: records.map(message) })
  await producer.disconnect()
  const reader = await member(`${prefix}-read-${name}`, topic)
  await until(() => reader.seen.length >= 100, name)
  assert.deepEqual(sorted(reader.seen), records)
  await reader.consumer.disconnect()
  const ends = await admin.fetchTopicOffsets(topic)
  assert.equal(ends.reduce((sum, end) => sum + Number(end.high), 0), 100)
  console.log(`codec ${name}`)
}

{
  const topic = `${prefix}-gzip`
  const groupId = `${prefix}-group`
  const first = await member(groupId, topic)
  await until(() => first.seen.length === 100 && first.assigned.length === 4, 'alone')
  const second = await member(groupId, topic)
  await until(() => first.assigned.length === 2 && second.assigned.length === 2, 'shared')
  assert.deepEqual(sorted([...first.assigned, ...second.assigned]), [0, 1, 2, 3])
  await first.consumer.disconnect()
  await until(() => second.assigned.length === 4, 'alone again')
  await second.consumer.disconnect()
  assert.deepEqual(second.seen, [], 'committed offsets were not taken over')
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  assert.equal(partitions.reduce((sum, p) => sum + Number(p.offset), 0), 100)
  const { groups } = await admin.listGroups()
  assert.ok(groups.some(group => group.groupId === groupId))
  await admin.deleteGroups([groupId])
  console.log('group')
}

if (steps.includes('transactions')) {
  const topic = `${prefix}-transactions`
  const producer = kafka.producer({ transactionalId: `${prefix}-t`, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (const [first, commit] of [[0, true], [10, false], [20, true]]) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: records.slice(first, first + 10).map(message) })
    await transaction.sendOffsets({
      consumerGroupId: `${prefix}-transactional`,
      topics: [{ topic: `${prefix}-gzip`, partitions: [{ partition: 0, offset: `${first + 1}` }] }]
    })
    await (commit ? transaction.commit() : transaction.abort())
  }
  await producer.disconnect()
  const reader = await member(`${prefix}-committed`, topic)
  await until(() => reader.seen.length >= 20, 'committed')
  assert.deepEqual(sorted(reader.seen), [...records.slice(0, 10), ...records.slice(20, 30)])
  await reader.consumer.disconnect()
  const [{ partitions }] = await admin.fetchOffsets({
    groupId: `${prefix}-transactional`, topics: [`${prefix}-gzip`]
  })
  assert.equal(partitions.find(p => p.partition === 0).offset, '21')
  console.log('transactions')
}

if (!steps.includes('admin')) {
  process.exit(0)
}
await admin.createPartitions({ topicPartitions: [{ topic: topics[0], count: 6 }] })
await admin.alterConfigs({
  resources: [{
    type: ConfigResourceTypes.TOPIC,
    name: topics[0],
    configEntries: [{ name: 'retention.ms', value: '1000000' }]
  }]
})
const { resources } = await admin.describeConfigs({
  includeSynonyms: false,
  resources: [{ type: ConfigResourceTypes.TOPIC, name: topics[0], configNames: ['retention.ms'] }]
})
assert.equal(resources[0].configEntries[0].configValue, '1000000')
await admin.deleteTopics({ topics: [topics[0]] })
await until(async () => !(await admin.listTopics()).includes(topics[0]), 'deleted')
await admin.disconnect()
console.log('admin')
process.exit(0)
