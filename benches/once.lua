-- Makes a request of each path of a file, once: wrk -s once.lua URL -- PATHS TOKEN METHOD BODY
local requests = {}
local asked = 0
local answered = 0
local idle

init = function(args)
   wrk.headers["Authorization"] = "Bearer " .. args[2]
   idle = wrk.format("GET", "/health/live")
   wrk.headers["Content-Type"] = "application/json"
   for path in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format(args[3], path, nil, args[4])
   end
end

-- Connections that have nothing left to ask wait for the last answers with something that costs little.
request = function()
   asked = asked + 1
   return requests[asked] or idle
end

response = function(status, headers, body)
   answered = answered + 1
   if answered >= #requests then
      wrk.thread:stop()
   end
end
