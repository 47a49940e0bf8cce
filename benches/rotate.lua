-- Asks for the paths of a file in turn: wrk -s rotate.lua URL -- PATHS [TOKEN]
local requests = {}
local at = 0

init = function(args)
   if args[2] then
      wrk.headers["Authorization"] = "Bearer " .. args[2]
   end
   for path in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("GET", path)
   end
end

request = function()
   at = at % #requests + 1
   return requests[at]
end
