"""From a pin to a person and back: a day in the life of one device. The cases build on each other, in this order."""
import asyncio
import re

from shed import ANNA, Shed, main
from suite import case, holds, same, until

POINTS = '''
[sensors.door]
label = "Door"
states = ["closed", "open"]
gpio = { line = "DOOR", chip = "lab", bias = "pull-up", active = "low", debounce = "20ms" }
[sensors.bell]
label = "Bell"
states = ["quiet", "ringing"]
gpio = { line = "BELL", chip = "lab" }
[sensors.load]
label = "Load"
system = "load"
every = "1h"
[actuators.pump]
label = "Pump"
gpio = { line = "PUMP", chip = "lab" }
safe = "off"
[actuators.heater]
label = "Heater"
gpio = { line = "HEATER", chip = "lab", active = "low" }
safe = "off"
exit = "on"
[actuators.siren]
label = "Siren"
gpio = { line = "SIREN", chip = "lab" }
safe = "off"
[actuators.light]
label = "Light"
gpio = { line = "LIGHT", chip = "aux" }
safe = "on"
[actuators.lamp]
label = "Lamp"
pwm = { chip = "hwlab-pwm", frequency = "1kHz" }
safe = 5
'''
DOOR, BELL, PUMP, HEATER, SIREN = range(5)


class Yard(Shed):
    """The world of these cases."""

    def body(self):
        return ANNA + POINTS

    async def furnish(self):
        await self.sh('gpiosim new lab 8 0=DOOR 1=BELL 2=PUMP 3=HEATER 4=SIREN; gpiosim new aux 2 0=LIGHT; '
                      'gpiosim pull lab 0 up; mount -t tracefs tracefs /sys/kernel/tracing; '
                      'mount -t debugfs debugfs /sys/kernel/debug; modprobe hwlab_pwm')
        # Somebody else has the siren.
        self.gardener = self.machine.start('exec gpioset SIREN=0')

    async def pull(self, line, up):
        await self.sh('gpiosim pull lab %d %s' % (line, 'up' if up else 'down'))

    async def level(self, line, chip='lab'):
        return int(await self.sh('gpiosim get %s %d' % (chip, line)))

    async def pulses(self):
        """What the PWM controller sends to the lamp: on or off, polarity, pulse and period in ns."""
        return (await self.sh('cat /sys/kernel/debug/hwlab_pwm')).splitlines()[0]


@case
async def at_the_start_every_line_is_held_and_shown_as_it_is(shed):
    same([await shed.level(line) for line in (PUMP, HEATER)], [0, 1], 'pump and heater on the wire')
    same(await shed.level(0, 'aux'), 1, 'the light on the wire')
    status = (await shed.anna.ask('status')).splitlines()
    same(status[0], 'shed: 1 point needs attention')
    same([status[n] for n in (1, 2, 4, 5, 7)], ['Door: closed', 'Bell: quiet', 'Pump: off', 'Heater: off', 'Light: on'])
    holds(re.fullmatch(r'Load: \d+\.\d\d', status[3]), status[3])


@case
async def an_edge_becomes_a_notice(shed):
    await shed.pull(DOOR, False)
    same(await shed.anna.notice(), 'Door: open')
    same(await shed.anna.ask('door'), 'Door: open')
    await asyncio.sleep(1.1)
    await shed.pull(DOOR, True)
    same(await shed.anna.notice(), 'Door: closed')


@case
async def a_command_moves_the_line_as_the_world_sees_it(shed):
    same(await shed.anna.ask('pump on'), 'Pump: on')
    same(await shed.level(PUMP), 1)
    same(await shed.anna.ask('heater on'), 'Heater: on')
    same(await shed.level(HEATER), 0, 'active low')
    same((await shed.anna.fill('pump', {'value': '0'})).note, 'Pump: off')
    same(await shed.level(PUMP), 0)
    same(await shed.anna.ask('heater off'), 'Heater: off')
    same(await shed.level(HEATER), 1)


@case
async def a_timed_command_goes_back_on_the_wire(shed):
    same(await shed.anna.ask('pump on 1s'), 'Pump: on, back to off in 1s')
    same(await shed.level(PUMP), 1)
    same(await shed.anna.notice(), 'Pump: off')
    same(await shed.level(PUMP), 0)


@case
async def a_lamp_is_set_in_per_cent_by_chat_and_by_form(shed):
    same(await shed.pulses(), '0 on normal 50000/1000000', 'the safe value')
    same(await shed.anna.ask('lamp 40'), 'Lamp: 40%')
    same(await shed.pulses(), '0 on normal 400000/1000000')
    same((await shed.anna.fill('lamp', {'value': '12.5'})).note, 'Lamp: 12%')
    same(await shed.pulses(), '0 on normal 125000/1000000')
    same(await shed.anna.ask('lamp 101'), 'Lamp: 101 is outside 0% to 100%')
    same(await shed.anna.ask('lamp 70 1s'), 'Lamp: 70%, back to 5% in 1s')
    same(await shed.anna.notice(), 'Lamp: 5%')
    same(await shed.pulses(), '0 on normal 50000/1000000')


@case
async def the_pull_up_is_kept_while_the_line_is_held(shed):
    info = next(line for line in (await shed.sh('gpioinfo')).splitlines() if '"DOOR"' in line)
    for word in ('consumer="katydid"', 'bias=pull-up', 'active-low', 'edges=both', 'debounce-period=20ms'):
        holds(word in info, '%s is missing: %s' % (word, info))


@case
async def edges_that_were_lost_are_counted_and_said_in_status(shed):
    holds('lost' not in await shed.anna.ask('status'), 'something is lost already')
    # While the program stands still the kernel keeps the last 64 edges; the state is right all the same.
    await shed.kick('STOP')
    await shed.sh('f=$(gpiosim path lab 1)/pull; i=0; while [ $i -lt 50 ]; do echo pull-up >$f; echo pull-down >$f; '
                  'i=$((i+1)); done; echo pull-up >$f')
    await shed.kick('CONT')

    async def said():
        return '37 edges of Bell came too fast and were lost since 20' in await shed.anna.ask('status')
    await until(said, about='a word about lost edges')
    same(await shed.anna.ask('bell'), 'Bell: ringing')
    same(len(re.findall('WARN 37 edges came too fast', shed.log())), 1, 'a line in the log')
    await shed.pull(BELL, False)


@case
async def a_bounce_is_no_change_and_many_edges_end_in_the_truth(shed):
    await shed.sh('for i in 1 2 3 4 5 6 7 8; do gpiosim pull lab 0 down; gpiosim pull lab 0 up; done')
    await asyncio.sleep(1.5)
    same(await shed.anna.ask('door'), 'Door: closed')
    await shed.sh('f=$(gpiosim path lab 1)/pull; i=0; while [ $i -lt 500 ]; do echo pull-up >$f; echo pull-down >$f; '
                  'i=$((i+1)); done; echo pull-up >$f')

    async def ringing():
        return await shed.anna.ask('bell') == 'Bell: ringing'
    await until(ringing, about='the truth about the bell')
    same(await shed.anna.ask('door'), 'Door: closed', 'another point')
    await shed.pull(BELL, False)


@case
async def a_line_that_somebody_else_holds_is_a_fault_with_his_name_until_it_is_free(shed):
    fault = 'line SIREN is held by “gpioset”'
    same(await shed.anna.ask('siren'), 'Siren: fault: ' + fault)
    holds('Siren: fault: ' + fault in (await shed.anna.ask('status')).splitlines(), 'status')
    same(shed.log().count(fault), 1, 'lines in the log')
    await shed.sh('kill -HUP $(pidof katydid)')
    await shed.anna.seen.take(lambda seen: 'Siren fault (%s)' % fault in seen.status)
    refused = await shed.anna.ask('siren on')
    holds('out of order' in refused and 'gpioset' in refused, refused)
    await shed.sh('killall gpioset')

    async def free():
        return await shed.anna.ask('siren') == 'Siren: off'
    await until(free, 45, 'the siren’s recovery')
    same(await shed.anna.ask('siren on'), 'Siren: on')
    same(await shed.level(SIREN), 1)
    same(await shed.anna.ask('siren off'), 'Siren: off')


@case
async def a_chip_that_goes_is_a_fault_and_the_others_go_on(shed):
    same(await shed.anna.ask('light off'), 'Light: off')
    shed.anna.seen.items.clear()
    await shed.sh('cat /sys/kernel/config/gpio-sim/aux/dev_name >/sys/bus/platform/drivers/gpio-sim/unbind')
    holds('fault' in await shed.anna.notice(), 'no word about the light')
    seen = await shed.anna.seen.take(lambda seen: 'Light fault' in seen.status)
    same(seen.show, 'away')
    answer = await shed.anna.ask('light on')
    holds('out of order' in answer, answer)
    same(await shed.anna.ask('pump on'), 'Pump: on')
    same(await shed.level(PUMP), 1)
    same(await shed.anna.ask('pump off'), 'Pump: off')


@case
async def a_chip_that_comes_back_is_held_again_with_the_safe_value(shed):
    await shed.sh('cat /sys/kernel/config/gpio-sim/aux/dev_name >/sys/bus/platform/drivers/gpio-sim/bind')

    async def back():
        return await shed.anna.ask('light') == 'Light: on'
    await until(back, 45, 'the light’s recovery')
    same(await shed.level(0, 'aux'), 1)
    await shed.anna.seen.take(lambda seen: seen.show == '' and 'Light on' in seen.status)
    same(await shed.anna.ask('light off'), 'Light: off')
    same(await shed.level(0, 'aux'), 0)


@case
async def a_config_that_is_read_anew_does_not_touch_what_stays(shed):
    same(await shed.anna.ask('pump on'), 'Pump: on')
    await shed.sh('echo >/sys/kernel/tracing/trace; echo 1 >/sys/kernel/tracing/events/gpio/enable')
    shed.config('[actuators.fan]\ngpio = { line = "FAN", chip = "lab" }\nsafe = "off"\n')
    await shed.kick('HUP')

    async def known():
        return await shed.anna.ask('fan')
    await until(lambda: 'FAN' in shed.log(), about='a word about the new line')
    answer = await known()
    holds('fault' in answer and 'no line named “FAN”' in answer, 'what is wrong with the new line: ' + answer)
    same(await shed.anna.ask('pump'), 'Pump: on')
    same(await shed.level(PUMP), 1)
    trace = [line for line in (await shed.sh('cat /sys/kernel/tracing/trace')).splitlines() if 'gpio_value' in line and ' set ' in line]
    same(trace, [], 'what was set meanwhile')
    shed.config()
    await shed.kick('HUP')

    async def gone():
        return 'do not know' in await known()
    await until(gone, about='the end of the fan')


@case
async def a_wrong_config_is_told_and_changes_nothing(shed):
    shed.config('[actuators.fan]\ngpio = { lien = "FAN", chip = "lab" }\nsafe = "of"\n')
    await shed.kick('HUP')
    await until(lambda: 'actuators.fan.gpio.lien' in shed.log(), about='a word about the mistake')
    same(await shed.anna.ask('pump'), 'Pump: on')
    same(await shed.level(PUMP), 1)
    status, text = await asyncio.to_thread(shed.machine.run, '/tmp/katydid check /xfer/katydid.toml')
    same(status, 78)
    holds('line' in text and 'safe' in text, text)
    shed.config()


@case
async def the_board_is_shown_with_its_chips(shed):
    await shed.sh('modprobe -a i2c-dev lm75 pinctrl-mcp23s08_i2c; modprobe i2c-stub chip_addr=0x20,0x48; '
                  'bus=$(grep -l "SMBus stub" /sys/bus/i2c/devices/*/name); cd ${bus%/name}; '
                  'i2cset -f -y ${PWD##*-} 0x48 0 0x8019 w; echo lm75 0x48 >new_device; echo mcp23017 0x20 >new_device')
    shed.config('[sensors.air]\niio = { device = "bme280", channel = "temp" }\n'
                '[actuators.relay]\ngpio = { chip = "pcf8574", pin = 3 }\nsafe = "off"\n')
    text = await shed.sh('/tmp/katydid board --config /xfer/katydid.toml')
    shed.config()
    for words in (r'chip lab \([^)]*\), 8 lines', r'gpio = { chip = "lab", line = "PUMP" } +held by “katydid”',
                  r'chip mcp23017 \(\d+-0020\), 16 lines', r'gpio = { chip = "mcp23017", pin = 15 } +free',
                  r'hwmon = { name = "lm75", channel = "temp1" } +25\.5 °C',
                  r'air +no IIO device “bme280”; the kernel.s module bmp280-i2c and',
                  r'relay +no GPIO chip labelled “pcf8574” .*; the kernel.s module gpio-pcf857x and'):
        holds(re.search(words, text), words + ' is not in ' + text)


@case
async def at_a_polite_end_the_exit_value_is_set_last(shed):
    same(await shed.anna.ask('heater off'), 'Heater: off')
    await shed.sh('echo >/sys/kernel/tracing/trace; echo 1 >/sys/kernel/tracing/events/gpio/gpio_value/enable')
    await shed.kick('TERM')
    same(await shed.ended(), 0, 'the exit status')
    same(await shed.pulses(), '0 on normal 50000/1000000', 'the lamp goes on at its exit value')
    await shed.anna.seen.take(lambda seen: seen.type == 'unavailable')
    # Released, a simulated line falls to its pull at once, so what was set is in the kernel's trace only.
    trace = await shed.sh('cat /sys/kernel/tracing/trace')
    last = {int(line): int(level) for line, level in re.findall(r'gpio_value: (\d+) set (\d)', trace)}
    # On the wire, in the order of the lines: pump off, heater on (active low), siren off, light on.
    same([last[line] for line in sorted(last)], [0, 0, 0, 1])
    same(await shed.sh('gpioinfo | grep -c katydid || true'), '0', 'lines still held')


@case
async def after_a_sudden_end_it_comes_back_with_safe_values(shed):
    await shed.go()
    same(await shed.anna.ask('pump on'), 'Pump: on')
    same(await shed.anna.ask('lamp 90'), 'Lamp: 90%')
    await shed.kick('KILL')
    same(await shed.ended(), 137)
    same(await shed.level(PUMP), 0, 'the line falls to its pull')
    same(await shed.pulses(), '0 on normal 900000/1000000', 'the lamp has nothing to fall to')
    await shed.go()
    same(await shed.pulses(), '0 on normal 50000/1000000', 'the lamp is ours again, and safe')
    same([await shed.level(line) for line in (PUMP, HEATER)], [0, 1])
    shed.anna.say('pump on')
    await shed.anna.said.take(lambda said: said.body == 'Pump: on')


@case
async def a_start_with_a_broken_config_exits_with_78_and_says_all_of_it(shed):
    shed.config('[actuators.fan]\ngpio = { lien = "FAN", chip = "lab" }\nsafe = "of"\n')
    status, text = await asyncio.to_thread(shed.machine.run, '/tmp/katydid run --config /xfer/katydid.toml')
    same(status, 78)
    holds('actuators.fan.gpio.lien' in text and 'actuators.fan.safe' in text, text)


if __name__ == '__main__':
    main(Yard)
