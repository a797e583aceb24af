-- wrk's script: posts the requests of a file in turn, each from an address of its own, checks every answer, and prints
-- one line of JSON at the end.
-- Arguments: the file with one request a line: bearer token (may be empty), tab, JSON body; a text that every good
-- answer holds.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  bodies, tokens, place, bad, sample = {}, {}, 0, 0, ""
  needed = args[2]
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines(args[1]) do
    local tab = line:find("\t", 1, true)
    tokens[#tokens + 1] = line:sub(1, tab - 1)
    bodies[#bodies + 1] = line:sub(tab + 1)
  end
  math.randomseed(os.time())
end

function request()
  place = place % #bodies + 1
  local token = tokens[place]
  wrk.headers["Authorization"] = token ~= "" and "Bearer " .. token or nil
  wrk.headers["X-Forwarded-For"] =
    string.format("10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254))
  return wrk.format(nil, nil, nil, bodies[place])
end

function response(status, _, body)
  if
    status ~= 200
    or not body:find(needed, 1, true)
    or body:find('"errors":', 1, true)
    or body:find('"userErrors":[{', 1, true)
    or body:find('"isReplay":true', 1, true)
  then
    bad = bad + 1
    sample = status .. " " .. body:sub(1, 300)
  end
end

function done(summary, latency, _)
  local wrong, example = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("bad")
    example = thread:get("sample")
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%f,"p50_ms":%f,"p95_ms":%f,"p99_ms":%f,"errors":%d,"sample":%q}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    wrong + errors.connect + errors.read + errors.write + errors.timeout, example:gsub("[%c\\]", " ")
  ))
end
