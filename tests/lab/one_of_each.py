"""One of each source and sink in one config, moved and pulled by foreign tools; the daemon and the hardware in the virtual
machine, Prosody and the client on the host.

Each point of PARTS is read, moved from outside, set and pulled in the same way; what differs is in its line there."""
import re
import time
from dataclasses import dataclass

from shed import ANNA, Shed, main
from suite import case, holds, same, until

# Registers of the data sheet's example: 25.08 degrees.
BMP280 = '''
i2cset -y $bus 0x76 0xd0 0x58
i2cset -y $bus 0x76 0x88 0x70 0x6b 0x43 0x67 0x18 0xfc 0x7d 0x8e 0x43 0xd6 0xd0 0x0b 0x27 0x0b 0x8c 0x00 0xf9 0xff 0x8c 0x3c \
0xf8 0xc6 0x70 0x17 i
i2cset -y $bus 0x76 0xf7 0x65 0x5a 0xc0 0x7e 0xed 0x00 i
'''
# It has no registers: one reads what was written. Writing to the stub points at a register, and reading goes on from one to
# the next, so that half of them say that pin 7 is low.
PCF8574 = '''
words() { i=0; while [ $i -lt 32 ]; do printf '%s ' $1; i=$((i+1)); done; }
high=$(words 0xff) low=$(words 0x7f)
for n in 0 32 64 96; do i2cset -y $bus 0x24 $n $high i; i2cset -y $bus 0x24 $((n+128)) $low i; done
i2cset -y $bus 0x24 127 0x7f; i2cset -y $bus 0x24 255 0xff
'''
SETUP = '''
for chip in door meter pump heater siren; do gpiosim new $chip 1 0=$(echo $chip | tr a-z A-Z); done
modprobe -a i2c-dev lm75 bmp280-i2c pinctrl-mcp23s08_i2c gpio-pcf857x hwlab_pwm hwlab_led hwlab_thermal
modprobe i2c-stub chip_addr=0x20,0x24,0x48,0x76
modprobe wire timeout=1 slave_ttl=2; modprobe w1_therm; modprobe hwlab_w1 temps=21500
mount -t debugfs debugfs /sys/kernel/debug
stub=$(grep -l "SMBus stub" /sys/bus/i2c/devices/*/name); stub=${stub%/name}; bus=${stub##*-}; ln -s $stub /tmp/stub
''' + BMP280 + PCF8574 + '''
i2cset -y $bus 0x48 0 0x8019 w; i2cset -y $bus 0x20 0x12 0 w
for chip in "lm75 0x48" "bmp280 0x76" "mcp23017 0x20" "pcf8574 0x24"; do echo $chip >/tmp/stub/new_device; done
echo 3.5 >/tmp/level
'''


@dataclass
class Part:
    """A point: its config, how it reads at first, the shell words that move it from outside and how it reads then, those
    that pull it and put it back, and its fault. An actuator has `set` instead of `moved`: what is asked of it and how the
    world sees that. `before` and `after` are what the world sees of its safe value and of that."""
    label: str
    config: str
    first: str
    fault: str
    pull: str
    plug: str
    move: str = ''
    moved: str = ''
    ask: str = ''
    form: str = ''
    look: str = ''
    before: str = ''
    after: str = ''

    @property
    def name(self):
        return self.label.lower()


def gpio_chip(name):
    return {'fault': 'the GPIO chip of line %s is gone' % name.upper(), 'pull': 'gpiosim del %s' % name,
            'plug': 'gpiosim new %s 1 0=%s' % (name, name.upper())}


def stub_chip(driver, address, fault):
    return {'fault': fault, 'pull': 'echo %s >/tmp/stub/delete_device' % address,
            'plug': 'echo %s %s >/tmp/stub/new_device' % (driver, address)}


def platform(name, fault):
    place = '/sys/bus/platform/drivers/%s/' % name
    return {'fault': fault, 'pull': 'echo %s >%sunbind' % (name, place), 'plug': 'echo %s >%sbind' % (name, place)}


I2C = 'bus=$(readlink /tmp/stub); bus=${bus##*-}; '
PWM = platform('hwlab-pwm', 'no PWM controller “hwlab-pwm”')
LED = platform('hwlab-led', 'no LED “hwlab:')
SENSORS = [
    Part('Door', 'gpio = { line = "DOOR", chip = "door", debounce = "20ms" }', 'off', **gpio_chip('door'),
         move='gpiosim pull door 0 up', moved='on'),
    Part('Meter', 'counter = { line = "METER", chip = "meter" }\nevery = "1s"', '0', **gpio_chip('meter'),
         move='f=$(gpiosim path meter 0)/pull; for i in 1 2 3; do echo pull-up >$f; echo pull-down >$f; done', moved='3'),
    Part('Cabinet', 'hwmon = { name = "lm75", channel = "temp1" }\nevery = "1s"', '25.5 °C',
         **stub_chip('lm75', '0x48', 'no hwmon chip “lm75”'),
         move=I2C + 'i2cset -f -y $bus 0x48 0 0x0014 w', moved='20.0 °C'),
    Part('Air', 'iio = { device = "bmp280", channel = "temp" }\nevery = "1s"', '25.1 °C',
         **stub_chip('bmp280', '0x76', 'no IIO device “bmp280”'),
         move=I2C + 'i2cset -f -y $bus 0x76 0xfa 0x80', moved='27.6 °C'),
    Part('Water', 'onewire = {}\nevery = "1s"', '21.5 °C', '28-00ab00000001 does not answer rightly',
         'echo 1 >/sys/module/hwlab_w1/parameters/absent', 'echo 0 >/sys/module/hwlab_w1/parameters/absent',
         move='echo 18250 >/sys/module/hwlab_w1/parameters/temps', moved='18.2 °C'),
    Part('Core', 'thermal = "hwlab-thermal"\nevery = "1s"', '40.0 °C', 'no thermal zone “hwlab-thermal”',
         'rmmod hwlab_thermal', 'modprobe hwlab_thermal temp=41500',
         move='echo 41500 >/sys/module/hwlab_thermal/parameters/temp', moved='41.5 °C'),
    Part('Tank', 'file = { path = "/tmp/level" }\nunit = "m"\nevery = "1s"', '3.5 m', '/tmp/level: No such file',
         'mv /tmp/level /tmp/away', 'mv /tmp/away /tmp/level', move='echo 2 >/tmp/level', moved='2.0 m'),
    Part('Gate', 'gpio = { chip = "mcp23017", pin = 9 }', 'off', **stub_chip('mcp23017', '0x20', 'the GPIO chip of line 9'),
         move=I2C + 'i2cset -f -y $bus 0x20 0x12 0x0200 w', moved='on'),
]
ACTUATORS = [
    Part('Pump', 'gpio = { line = "PUMP", chip = "pump" }\nsafe = "off"', 'off', **gpio_chip('pump'),
         ask='on', form='1', look='gpiosim get pump 0', before='0', after='1'),
    Part('Relay', 'gpio = { chip = "pcf8574", pin = 7 }\nsafe = "off"', 'off',
         **stub_chip('pcf8574', '0x24', 'the GPIO chip of line 7'),
         ask='on', form='1', look=I2C + 'printf %d $(($(i2cget -f -y $bus 0x24) / 128))', before='0', after='1'),
    Part('Lamp', 'pwm = { chip = "hwlab-pwm", channel = 0, frequency = "1kHz" }\nsafe = 5', '5%', **PWM,
         ask='40%', form='40', look="sed -n 's/^0 //p' /sys/kernel/debug/hwlab_pwm",
         before='on normal 50000/1000000', after='on normal 400000/1000000'),
    Part('Vane', 'servo = { chip = "hwlab-pwm", channel = 1, pulse = ["1ms", "2ms"] }\nrange = [-90, 90]\nsafe = 0', '0°', **PWM,
         ask='45°', form='45', look="sed -n 's/^1 //p' /sys/kernel/debug/hwlab_pwm",
         before='on normal 1500000/20000000', after='on normal 1750000/20000000'),
    Part('Heater', 'pwm = { line = "HEATER", chip = "heater", frequency = "10Hz", software = true }\nsafe = 0', '0%',
         **gpio_chip('heater'), ask='100%', form='100', look='gpiosim get heater 0', before='0', after='1'),
    Part('Glow', 'led = "hwlab:lamp"\nunit = "%"\nsafe = 20', '20%', **LED,
         ask='60%', form='60', look='cat /sys/class/leds/hwlab:lamp/brightness', before='51', after='153'),
    Part('Flash', 'led = "hwlab:relay"\nsafe = "off"', 'off', **LED,
         ask='on', form='1', look='cat /sys/class/leds/hwlab:relay/brightness', before='0', after='1'),
]
PARTS = SENSORS + ACTUATORS
HELD = '[actuators.siren]\nlabel = "Siren"\ngpio = { line = "SIREN", chip = "siren" }\nsafe = "off"\n'
LOAD = '[sensors.load]\nlabel = "Load"\nsystem = "load"\nevery = "1s"\n'


class Bench(Shed):
    """The world of these cases."""
    NAME = 'bench'

    def body(self):
        tables = [('sensors', part) for part in SENSORS] + [('actuators', part) for part in ACTUATORS]
        parts = ['[%s.%s]\nlabel = "%s"\n%s\n' % (kind, part.name, part.label, part.config) for kind, part in tables]
        return '[store]\ndir = "/tmp/store"\n' + ANNA + ''.join(parts) + LOAD + HELD

    async def furnish(self):
        await self.sh(SETUP)
        await self.sh('i=0; until [ -e /sys/bus/w1/devices/28-00ab00000001/temperature ] || [ $i = 150 ]; do '
                      'sleep 0.2; i=$((i+1)); done')
        self.gardener = self.machine.start('exec gpioset SIREN=0')

    async def status(self):
        """What `status` says of each point, by its label."""
        return dict(line.split(': ', 1) for line in (await self.anna.ask('status')).splitlines() if ': ' in line)

    async def reads(self, part, wanted, seconds=30):
        """Waits until `status` says so of a point."""
        last = {}

        async def does():
            last.update(await self.status())
            return wanted in last[part.label] if wanted == part.fault else last[part.label] == wanted
        try:
            await until(does, seconds)
        except AssertionError:
            raise AssertionError('%s: %s, not %s' % (part.label, last[part.label], wanted)) from None
        return last


@case
async def everything_is_read_and_what_another_program_holds_is_named(bench):
    for part in PARTS:
        await bench.reads(part, part.first, 30)
    status = await bench.status()
    same(status['bench'], '1 point needs attention')
    same(status['Siren'], 'fault: line SIREN is held by “gpioset”')
    holds(re.fullmatch(r'\d+\.\d\d', status['Load']), status['Load'])
    for part in PARTS:
        same(await bench.anna.ask(part.name), '%s: %s' % (part.label, part.first))
    await bench.sh('kill $(pidof gpioset)')

    async def free():
        return await bench.anna.ask('siren') == 'Siren: off'
    await until(free, 45, 'the siren’s recovery')


@case
async def what_foreign_tools_move_is_told(bench):
    for part in SENSORS:
        begun = time.monotonic()
        bench.anna.said.items.clear()
        await bench.sh(part.move)
        if part.moved in ('on', 'off'):
            same(await bench.anna.notice(), '%s: %s' % (part.label, part.moved))
        await bench.reads(part, part.moved)
        same(await bench.anna.ask(part.name), '%s: %s' % (part.label, part.moved))
        print('       %s: %s (%.1f s)' % (part.label, part.moved, time.monotonic() - begun))


@case
async def what_is_asked_is_seen_on_the_hardware(bench):
    for part in ACTUATORS:
        same(await bench.sh(part.look), part.before, part.label + ' at first')
        same(await bench.anna.ask('%s %s' % (part.name, part.ask)), '%s: %s' % (part.label, part.ask))
        same(await bench.sh(part.look), part.after, part.label + ' by chat')
        safe = part.first.rstrip('%°')
        same(await bench.anna.ask('%s %s' % (part.name, safe)), '%s: %s' % (part.label, part.first))
        same(await bench.sh(part.look), part.before, part.label + ' back')
        same((await bench.anna.fill(part.name, {'value': part.form})).note, '%s: %s' % (part.label, part.ask))
        same(await bench.sh(part.look), part.after, part.label + ' by form')


@case
async def each_that_is_pulled_is_one_fault_and_the_others_go_on(bench):
    await pulled(bench, ('Door', 'Cabinet', 'Air', 'Water'))


@case
async def each_other_that_is_pulled_is_one_fault_too(bench):
    await pulled(bench, ('Meter', 'Core', 'Tank', 'Gate'))


@case
async def each_actuator_that_is_pulled_is_one_fault_and_comes_back_safe(bench):
    await pulled(bench, [part.label for part in ACTUATORS])


async def pulled(bench, labels):
    """Pulls these one after the other, what goes together at once, and puts them back."""
    left = [part for part in PARTS if part.label in labels]
    while left:
        together = [part for part in left if part.pull == left[0].pull]
        left = [part for part in left if part not in together]
        await pull(bench, together)


async def pull(bench, parts):
    begun = time.monotonic()
    names = [part.label for part in parts]
    others = [part for part in PARTS if part not in parts]
    was = await bench.status()
    told = bench.log()
    bench.anna.seen.items.clear()
    await bench.sh(parts[0].pull)
    for part in parts:
        status = await bench.reads(part, part.fault)
    # The others stand and are well.
    same({part.label: status[part.label] for part in others}, {part.label: was[part.label] for part in others})
    same(status['bench'], '%d point%s attention' % (len(parts), ' needs' if len(parts) == 1 else 's need'))
    for part in parts:
        seen = await bench.anna.seen.take(lambda seen: part.label + ' fault' in seen.status, 30)
        same(seen.show, 'away')
        form = (await bench.anna.fill('read', {'point': part.name})).note
        holds(form.startswith(part.label + ': fault: ' + part.fault), form)
        answer = await bench.anna.ask('%s %s' % (part.name, part.ask or 'on'))
        holds(part in SENSORS or 'out of order' in answer, answer)
    if 'Pump' not in names:
        same(await bench.anna.ask('pump off'), 'Pump: off')
        same(await bench.sh('gpiosim get pump 0'), '0')
        same(await bench.anna.ask('pump on'), 'Pump: on')
    fell = time.monotonic()
    await bench.sh(parts[0].plug)
    for part in parts:
        # A counter goes on where it was, an output is safe, a sensor reads what there is.
        now = part.first if part in ACTUATORS or part.name == 'door' else was[part.label]
        await bench.reads(part, now, 45)
        if part in ACTUATORS:
            same(await bench.sh(part.look), part.before, part.label + ' after its return')
        new = bench.log()[len(told):]
        lines = [line for line in new.splitlines() if 'WARN %s: ' % part.label in line]
        same(len(lines), 1, 'lines of its fault in the log: %s' % lines)
        holds(': fault: ' + part.fault in lines[0], lines[0])
    await bench.anna.seen.take(lambda seen: seen.show == '' and 'fault' not in seen.status, 30)
    print('       %s: gone %.1f s, back after %.1f s' % (', '.join(names), fell - begun, time.monotonic() - fell))


if __name__ == '__main__':
    main(Bench)
