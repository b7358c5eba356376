"""The timelines' scripts, which run inside Redis, each on keys of one hash slot, and how they are called.

A timeline is a sorted set whose scores are all 0, so that it is in the order of its members' bytes. They are post
ids, 8 bytes big-endian, and below them all one *mark* that tells what the timeline is:

    floor (8 bytes) + run (8)                 it holds every post above the floor
    eight zero bytes + run (8) + token (8)    it is being built; `token` is this building's name

`run` names this life of the Redis server. One that was restarted may have come back older than it was, without
pushes that it had acknowledged; so a timeline of an earlier life is thrown away when it is met.
"""

from services.scripts import Script

_COMMON = """
local READY, BUILDING = 16, 24

local function mark_of(key)
    local mark = redis.call('ZRANGE', key, 0, 0)[1]
    if mark and string.sub(mark, 9, 16) ~= run then
        redis.call('DEL', key)
        return nil
    end
    return mark
end

local function add(key, from)
    for first = from, #ARGV, 1000 do
        local members = {}
        for i = first, math.min(first + 999, #ARGV) do
            members[#members + 1] = 0
            members[#members + 1] = ARGV[i]
        end
        redis.call('ZADD', key, unpack(members))
    end
end

-- Some more than needed at once, so that a full timeline is not trimmed at every push.
local function trim(key, length)
    local over = redis.call('ZCARD', key) - 1 - length
    if over > 0 then
        over = over + math.floor(length / 16)
        local gone = redis.call('ZRANGE', key, 0, over)
        redis.call('ZREMRANGEBYRANK', key, 0, over)
        redis.call('ZADD', key, 0, gone[#gone] .. run)
    end
end
"""


def _script(body: str) -> Script:
    return Script(_COMMON + body)


# KEYS one timeline; ARGV upper bound, count, milliseconds to keep it, a token, milliseconds that building may take.
# Gives the ids in a list, behind them the mark if the list came down to it; of one that is not ready the token.
READ = _script("""
local mark = mark_of(KEYS[1])
if not mark then
    redis.call('ZADD', KEYS[1], 0, string.rep('\\0', 8) .. run .. ARGV[4])
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
    return ARGV[4]
end
if #mark == BUILDING then
    return string.sub(mark, 17)
end
-- Within an hour of the last time, the refresh is not worth a write.
if redis.call('PTTL', KEYS[1]) < ARGV[3] - 3600000 then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[1], '-', 'LIMIT', 0, ARGV[2])
""")

# KEYS timelines; ARGV id, length. Gives the number of timelines that did not have it.
PUSH = _script("""
local length, added = tonumber(ARGV[2]), 0
for _, key in ipairs(KEYS) do
    local mark = mark_of(key)
    if mark and redis.call('ZADD', key, 0, ARGV[1]) == 1 then
        added = added + 1
        if #mark == READY then
            if redis.call('ZRANGE', key, 0, 0)[1] == ARGV[1] then
                redis.call('ZREM', key, ARGV[1])
                added = added - 1
            else
                trim(key, length)
            end
        end
    end
end
return added
""")

# KEYS timelines; ARGV ids. Gives the number of members taken out.
TAKE_OUT = _script("""
local taken = 0
for _, key in ipairs(KEYS) do
    for first = 1, #ARGV, 1000 do
        taken = taken + redis.call('ZREM', key, unpack(ARGV, first, math.min(first + 999, #ARGV)))
    end
end
return taken
""")

# KEYS one timeline; ARGV token, floor, length, milliseconds to keep it, ids. Gives 1, or 0 if it is another one.
FINISH = _script("""
local mark = mark_of(KEYS[1])
if not mark or #mark ~= BUILDING or string.sub(mark, 17) ~= ARGV[1] then
    return 0
end
local floor = ARGV[2] .. run
redis.call('ZREM', KEYS[1], mark)
redis.call('ZADD', KEYS[1], 0, floor)
add(KEYS[1], 5)
redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. floor)
trim(KEYS[1], tonumber(ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
""")

# KEYS one timeline; ARGV token. What could not be built is taken away.
ABANDON = _script("""
local mark = mark_of(KEYS[1])
if mark and #mark == BUILDING and string.sub(mark, 17) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
""")

# KEYS one timeline; ARGV floor, length, ids: all of one author's above that floor. The higher floor holds from now
# on. Below one that is being built nothing can be said of the author's older posts, so that is given up.
MERGE = _script("""
local mark = mark_of(KEYS[1])
if not mark then
    return
end
if #mark == BUILDING then
    redis.call('DEL', KEYS[1])
    return
end
local floor = ARGV[1] .. run
redis.call('ZADD', KEYS[1], 0, floor)
add(KEYS[1], 3)
redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. mark)
if redis.call('ZSCORE', KEYS[1], floor) then
    redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. floor)
end
trim(KEYS[1], tonumber(ARGV[2]))
""")
