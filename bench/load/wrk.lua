-- What wrk sends, as the environment says, and a report of one line of JSON.

local method = os.getenv('BENCH_METHOD')
local bodyBytes = tonumber(os.getenv('BENCH_BODY_BYTES') or '0')
local pattern = os.getenv('BENCH_PATTERN')
local count = tonumber(os.getenv('BENCH_COUNT') or '1')

if method then wrk.method = method end
if bodyBytes > 0 then wrk.body = string.rep('x', bodyBytes) end

local inOrder = os.getenv('BENCH_ORDER') == '1'
local last = -1

if pattern then
  request = function()
    last = inOrder and (last + 1) % count or math.random(0, count - 1)
    return wrk.format(nil, string.format(pattern, last))
  end
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nBENCH {"requests":%d,"microseconds":%d,"bytes":%d,"errors":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)
  ))
end
