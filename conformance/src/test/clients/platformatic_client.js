// @platformatic/kafka against a broker: arguments are its address and a prefix for names.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, Consumer, Producer, MessagesStreamModes, stringDeserializers, stringSerializers } from '@platformatic/kafka'

const [address, prefix] = process.argv.slice(2)
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const records = [...Array(100).keys()]
const deadline = Date.now() + 90_000
const base = { clientId: 'platformatic', bootstrapBrokers: [address] }

async function until (condition, what) {
  while (!await condition()) {
    assert.ok(Date.now() < deadline, what)
    await sleep(50)
  }
}

const message = (topic, i) => ({ topic, key: `k${i}`, value: `${i}${'x'.repeat(500)}`, headers: { n: `${i}` } })

async function member (groupId, topic, options = {}) {
  const consumer = new Consumer({ ...base, groupId, deserializers: stringDeserializers, ...options })
  const state = { consumer, seen: [] }
  const stream = await consumer.consume({
    topics: [topic], mode: MessagesStreamModes.COMMITTED, fallbackMode: 'earliest', autocommit: 200, maxWaitTime: 500, ...options
  })
  stream.on('data', ({ key, value, headers }) => {
    const i = Number(key.slice(1))
    assert.equal(value, message(topic, i).value)
    assert.equal(headers.get('n'), `${i}`)
    state.seen.push(i)
  })
  state.assigned = () => consumer.assignments?.find(a => a.topic === topic)?.partitions ?? []
  state.close = () => consumer.close(true)
  return state
}

const sorted = numbers => [...numbers].sort((a, b) => a - b)

const admin = new Admin(base)
const topics = codecs.map(name => `${prefix}-${name}`)
await admin.createTopics({ topics, partitions: 4, replicas: 1 })

for (const name of codecs) {
  const topic = `${prefix}-${name}`
  const producer = new Producer({ ...base, serializers: stringSerializers, compression: name, idempotent: true })
  await producer.send({ messages: records.map(i => message(topic, i)) })
  await producer.close()
  const reader = await member(`${prefix}-read-${name}`, topic)
  await until(() => reader.seen.length >= 100, name)
  assert.deepEqual(sorted(reader.seen), records)
  await reader.close()
  console.log(`codec ${name}`)
}

{
  const topic = `${prefix}-gzip`
  const groupId = `${prefix}-group`
  const first = await member(groupId, topic)
  await until(() => first.seen.length === 100 && first.assigned().length === 4, 'alone')
  await sleep(500)
  const second = await member(groupId, topic)
  await until(() => first.assigned().length === 2 && second.assigned().length === 2, 'shared')
  assert.deepEqual(sorted([...first.assigned(), ...second.assigned()]), [0, 1, 2, 3])
  await first.close()
  await until(() => second.assigned().length === 4, 'alone again')
  await second.close()
  assert.deepEqual(second.seen, [], 'committed offsets were not taken over')
  assert.ok((await admin.listGroups()).has(groupId))
  await admin.deleteGroups({ groups: [groupId] })
  console.log('group')
}

await admin.createPartitions({ topics: [{ name: topics[0], count: 6, assignments: null }] })
await admin.deleteTopics({ topics: [topics[0]] })
await until(async () => !(await admin.listTopics()).includes(topics[0]), 'deleted')
await admin.close()
console.log('admin')
process.exit(0)
