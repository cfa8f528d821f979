import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { StaticAssets } from '../../../src/cache/static-assets.ts'
import { CacheDriver, type Fields } from '../../helpers/cache-driver.ts'

const HOUR = 3_600_000

function driverWith(target: string, headers: Fields, status = 200): CacheDriver {
  const driver = new CacheDriver({ mode: 'static', defaultTtl: HOUR })
  driver.get(target, { status, headers, body: 'x' })
  return driver
}

function isStored(target: string, headers: Fields, status = 200): boolean {
  return driverWith(target, headers, status).get(target, { status: 500 }).isHit
}

suite('static mode', () => {
  test('an asset with neither freshness nor prohibition is fresh for the default lifetime', () => {
    const cases: Fields[] = [
      {},
      { 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' },
      { etag: '"a"' },
      { 'cache-control': 'no-transform' },
      { 'cache-control': 'public' },
    ]
    for (const headers of cases) {
      const driver = driverWith('/a.css', { 'content-type': 'text/css', ...headers })
      driver.clock.advance(HOUR - 1)
      assert.equal(driver.get('/a.css').isHit, true)
      driver.clock.advance(1)
      assert.equal(driver.get('/a.css').isHit, false)
    }
  })

  test('what the origin says goes before it', () => {
    const type = { 'content-type': 'text/css' }
    const driver = driverWith('/a.css', { ...type, 'cache-control': 'max-age=10' })
    driver.clock.advance(10_000)
    assert.equal(driver.get('/a.css').isHit, false)
    const cases: Fields[] = [
      { 'cache-control': 'no-store' },
      { 'cache-control': 'private' },
      { 'cache-control': 'no-cache' },
      { 'cache-control': 'max-age=0' },
      { 'cache-control': 'max-age=x' },
      { expires: '0' },
      { pragma: 'no-cache' },
      { 'set-cookie': 'a=b' },
      { 'set-cookie': 'a=b', 'cache-control': 'public, max-age=60' },
      { vary: '*' },
    ]
    for (const headers of cases) {
      assert.equal(isStored('/a.css', { ...type, ...headers }), false, JSON.stringify(headers))
    }
  })

  test('only GET and HEAD of the listed extensions', () => {
    const fresh = { 'content-type': 'text/css', 'cache-control': 'max-age=60' }
    assert.equal(isStored('/page', fresh), false)
    assert.equal(isStored('/a.php', fresh), false)
    assert.equal(isStored('/a.css/b', fresh), false)
    assert.equal(isStored('/?x=/a.css', fresh), false)
    assert.equal(isStored('/A.CSS?v=1', fresh), true)
    const driver = driverWith('/a.css', fresh)
    assert.equal(driver.get('/a.css', {}, { method: 'HEAD' }).isHit, true)
  })

  test('a page under the name of an asset is not stored, unless the origin said that it may be', () => {
    for (const type of [
      'text/html',
      'text/html; charset=utf-8',
      'application/json',
      'application/xhtml+xml',
      '',
    ]) {
      assert.equal(isStored('/account/x.css', type === '' ? {} : { 'content-type': type }), false, type)
    }
    assert.equal(
      isStored('/account/x.css', {
        'content-type': 'text/html',
        'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
      }),
      false,
    )
    assert.equal(
      isStored('/account/x.css', { 'content-type': 'text/html', 'cache-control': 'max-age=60' }),
      true,
    )
    assert.equal(
      isStored('/account/x.css', { 'content-type': 'text/html', 'cache-control': 'max-age=0' }),
      false,
    )
  })

  test('the default lifetime is for successful answers alone', () => {
    for (const status of [404, 301, 500])
      assert.equal(isStored('/a.css', { 'content-type': 'text/css' }, status), false)
    assert.equal(
      isStored('/a.css', { 'content-type': 'text/html', 'cache-control': 'max-age=60' }, 404),
      true,
    )
  })

  test('a cold asset is asked for whole, whatever the client has, and its conditions are judged here', () => {
    const driver = new CacheDriver({ mode: 'static' })
    const asset = { headers: { 'content-type': 'text/css', etag: '"a"' }, body: 'x' }
    const client = driver.get('/a.css', asset, { headers: { 'if-none-match': '"a"' } })
    assert.deepEqual(driver.lastExchange.headers, {})
    assert.equal(client.status, 304)
    assert.equal(driver.get('/a.css').isHit, true)
  })

  test('query strings make entries of their own, and the store stays within its bounds', () => {
    const driver = new CacheDriver({ mode: 'static', maxEntries: 10 })
    const asset = { headers: { 'content-type': 'text/css' }, body: 'x' }
    for (let count = 0; count < 1000; count++) driver.get(`/a.css?${count}`, asset)
    assert.equal(driver.cache.entries, 10)
  })
})

suite('keys that cannot be poisoned', () => {
  test('fields outside of the key do not reach the server on a request whose answer others may get', () => {
    const driver = new CacheDriver()
    const headers = {
      'x-original-host': 'evil',
      'x-url-scheme': 'evil',
      'x-host': 'evil',
      x_host: 'evil',
      'x-kept': '1',
    }
    driver.send('/p', { headers })
    assert.deepEqual(driver.lastExchange.headers, { 'x-kept': '1' })
  })

  test('a request that may be another one to the server is not stored', () => {
    const names = [
      'x-http-method-override',
      'x_http_method_override',
      'x-original-url',
      'x-rewrite-url',
      'x-override-url',
      'transfer-encoding',
    ]
    for (const name of names) {
      const driver = new CacheDriver()
      const answer = { headers: { 'cache-control': 'max-age=60' }, body: 'evil' }
      const client = driver.get('/p', answer, { headers: { [name]: 'x' } })
      assert.match(client.cacheStatus, /fwd=request/)
      assert.equal(driver.cache.entries, 0)
    }
  })

  test('a host in other letters, or with the port of its scheme, gets nothing stored under the name of the host', () => {
    for (const host of ['EXAMPLE.com', 'example.com:80']) {
      const driver = new CacheDriver()
      const answer = { headers: { 'cache-control': 'max-age=60' }, body: 'no such host' }
      assert.match(driver.get('/p', answer, { host }).cacheStatus, /fwd=request; .*detail=rerouted/)
      assert.equal(driver.cache.entries, 0)
    }
  })

  test('what such a request changes is invalidated all the same', () => {
    for (const host of ['EXAMPLE.com', 'example.com:80']) {
      const driver = new CacheDriver()
      driver.get('/p', { headers: { 'cache-control': 'max-age=60' }, body: 'stored' })
      driver.get('/p', {}, { method: 'POST', host })
      assert.equal(driver.get('/p').isHit, false)
    }
  })

  test('a port that is not that of the scheme is part of the key', () => {
    const driver = new CacheDriver()
    const answer = { headers: { 'cache-control': 'max-age=60' }, body: 'stored' }
    driver.get('/p', answer, { host: 'example.com:8080' })
    assert.equal(driver.get('/p').isHit, false)
    assert.equal(driver.get('/p', {}, { host: 'example.com:8080' }).isHit, true)
    driver.get('/p', answer, { host: 'example.com:80', scheme: 'https' })
    assert.equal(driver.get('/p', {}, { host: 'example.com:80', scheme: 'https' }).isHit, true)
  })
})

suite('media types of assets', () => {
  const assets = new StaticAssets(['css', '.JS', 'png', 'woff2', 'json', 'txt', 'map', 'pdf', 'ico'])

  test('each extension has its own', () => {
    const good = {
      '/a.css': 'text/css;charset=utf-8',
      '/a.js': 'Application/JavaScript',
      '/b.js': 'text/javascript',
      '/a.png': 'image/webp',
      '/a.ico': 'image/x-icon',
      '/a.woff2': 'font/woff2',
      '/b.woff2': 'application/octet-stream',
      '/a.json': 'application/manifest+json',
      '/a.map': 'application/json',
      '/a.txt': 'text/plain',
      '/a.pdf': 'application/pdf',
    }
    for (const [target, type] of Object.entries(good))
      assert.equal(assets.isAssetType(target, type), true, target)
    const bad = {
      '/a.css': 'text/plain',
      '/a.js': 'application/json',
      '/a.png': 'text/html',
      '/a.txt': 'text/html',
      '/a.pdf': 'text/html',
    }
    for (const [target, type] of Object.entries(bad))
      assert.equal(assets.isAssetType(target, type), false, target)
  })

  test('the extension is that of the last part of the path', () => {
    for (const target of ['/a.js', '/x/y.min.JS?z=/', '/.png'])
      assert.equal(assets.isAsset(target), true, target)
    for (const target of [
      '/',
      '/a',
      '/a.js/',
      '/a.js/b',
      '/a.',
      '/x.js;y',
      '/a.constructor',
      '/?a.js',
      '/a?b=c.js',
    ]) {
      assert.equal(assets.isAsset(target), false, target)
    }
  })
})
