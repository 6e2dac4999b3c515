package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sheepdog.membership.jgroups.JGroupsConfig;
import sheepdog.membership.local.LocalConfig;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.sheep.main.SheepConfig.Driver;
import sheepdog.sheep.main.SheepConfig.LogFormat;
import sheepdog.sheep.recovery.RecoverySettings;

class SheepOptionsTest {
    private static final String TRY = "\nTry `sheep --help' for more information.\n";

    @Test
    void withoutOptionsTheDefaultsHold() {
        var config = config("");

        assertThat(config)
                .isEqualTo(new SheepConfig(
                        Path.of("/tmp"),
                        Optional.empty(),
                        7000,
                        Optional.empty(),
                        Optional.empty(),
                        new Driver.JGroups(JGroupsConfig.multicast()),
                        OptionalInt.empty(),
                        false,
                        false,
                        true,
                        OptionalLong.empty(),
                        false,
                        Optional.empty(),
                        new SheepConfig.Log(6, LogFormat.DEFAULT, false),
                        false,
                        Optional.empty(),
                        RecoverySettings.DEFAULT));
    }

    @Test
    void everyOptionIsTaken() {
        var config = config("-b 10.0.0.1 -c local:/tmp/x -F json -g -i host=10.1.0.1,port=7100 -l 3 -n -o -p 7001"
                + " -P run/pid -R max=3,interval=50,grace=7 -s 100 -u -y ::1 -z 4294967295 --metrics 9100 store -f");

        assertThat(config)
                .isEqualTo(new SheepConfig(
                        Path.of("/somewhere/store"),
                        Optional.of(InetAddress.ofLiteral("10.0.0.1")),
                        7001,
                        Optional.of(InetAddress.ofLiteral("::1")),
                        Optional.of(new InetSocketAddress(InetAddress.ofLiteral("10.1.0.1"), 7100)),
                        new Driver.Local(LocalConfig.parse("/tmp/x")),
                        OptionalInt.of(-1),
                        true,
                        false,
                        false,
                        OptionalLong.of(100L << 20),
                        true,
                        Optional.of(Path.of("/somewhere/run/pid")),
                        new SheepConfig.Log(3, LogFormat.JSON, true),
                        false,
                        Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 9100)),
                        new RecoverySettings(new RecoveryLimit(3, 50), Duration.ofSeconds(7))));
    }

    @Test
    void aLimitOfRecoveryIsGivenOnlyIfItIsNamed() {
        assertThat(config("-R grace=7 store").recovery().given()).isEmpty();
        assertThat(config("-R max=0 store").recovery().given()).contains(RecoveryLimit.NONE);
    }

    @Test
    void aWitnessIsAGatewayThatVotes() {
        assertThat(config("--witness store").witness()).isTrue();
        assertThat(config("--witness store").gateway()).isTrue();
        assertThat(config("-g store").witness()).isFalse();
    }

    @Test
    void theWalkthroughsCommandLineIsUnderstood() {
        var config = config("/store/7 -z 0 -p 7005 -c corosync");

        assertThat(config.base()).isEqualTo(Path.of("/store/7"));
        assertThat(config.zone()).hasValue(0);
        assertThat(config.port()).isEqualTo(7005);
        assertThat(config.driver()).isEqualTo(new Driver.JGroups(JGroupsConfig.multicast()));
    }

    @Test
    void corosyncIsAnotherNameOfJgroupsWithAnyOption() {
        String option = "mcast=239.1.2.3:5999,ttl=0";

        assertThat(config("-c corosync:" + option)).isEqualTo(config("-c jgroups:" + option));
        assertThat(config("-c corosync:" + option).driver()).isEqualTo(new Driver.JGroups(JGroupsConfig.parse(option)));
    }

    @Test
    void withoutPermutationThePathEndsTheOptions() {
        var run = (SheepOptions.Parsed.Run) parse("-p 7001 store -p 7002", false, false);

        assertThat(run.config().port()).isEqualTo(7001);
        assertThat(run.config().base()).isEqualTo(Path.of("/somewhere/store"));
    }

    @Test
    void optionsAreReadAsGnuDoes() {
        assertThat(config("-dfp7001").log().level()).isEqualTo(7);
        assertThat(config("-dfp7001").port()).isEqualTo(7001);
        assertThat(config("-d -l 4").log().level()).isEqualTo(4);
        assertThat(config("-l 4 -d").log().level()).isEqualTo(7);
        assertThat(config("--po=7002").port()).isEqualTo(7002);
        assertThat(config("--port 7003").port()).isEqualTo(7003);
        assertThat(config("--m 10.0.0.1").advertised()).contains(InetAddress.ofLiteral("10.0.0.1"));
        assertThat(config("-- -d").base()).isEqualTo(Path.of("/somewhere/-d"));
        assertThat(config("first second -p 1").base()).isEqualTo(Path.of("/somewhere/first"));
        assertThat(config("store/").base()).isEqualTo(Path.of("/somewhere/store"));
        assertThat(config("-i host=10.0.0.2 -p 7009").io())
                .contains(new InetSocketAddress(InetAddress.ofLiteral("10.0.0.2"), 7009));
    }

    @Test
    void inTheBackgroundARelativePidFileIsBelowTheRoot() {
        var background = (SheepOptions.Parsed.Run) parse("-P pid store", true);
        var foreground = (SheepOptions.Parsed.Run) parse("-f -P pid store", true);

        assertThat(background.config().background()).isTrue();
        assertThat(background.config().pidFile()).contains(Path.of("/pid"));
        assertThat(background.config().base()).isEqualTo(Path.of("/somewhere/store"));
        assertThat(foreground.config().background()).isFalse();
        assertThat(foreground.config().pidFile()).contains(Path.of("/somewhere/pid"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    -p abc     | Invalid port number 'abc'
                    -p 0       | Invalid port number '0'
                    -p 70000   | Invalid port number '70000'
                    -p 7000x   | Invalid port number '7000x'
                    -z abc     | Invalid zone id 'abc': must be an integer between 0 and 4294967295
                    -z -1      | Invalid zone id '-1': must be an integer between 0 and 4294967295
                    -z 4294967296 | Invalid zone id '4294967296': must be an integer between 0 and 4294967295
                    -y 1.2.3.400  | Invalid address: '1.2.3.400'
                    -y localhost  | Invalid address: 'localhost'
                    -s abc     | Invalid free space size 'abc': must be an integer between 0 and 18446744073709551615
                    -s 0       | Invalid free space size '0': must be an integer between 0 and 18446744073709551615
                    -s -5      | Invalid free space size '-5': must be an integer between 0 and 18446744073709551615
                    -w abc     | invalid object cache arg: abc
                    -w size=x  | Invalid object cache option 'size=x': size must be an integer between 1 and 4294967295 inclusive
                    -w dir=/x  | object cache size is not set
                    -w size=0  | object cache size is not set
                    -j abc     | invalid paramters abc
                    -j size=63 | invalid size 63, must be bigger than 64(M)
                    -j skip    | you must specify size for journal
                    -i host=abc | Bad addr: 'abc'
                    -i host=10.0.0.1,port=x | Bad port 'x'
                    -i nic=1   | invalid paramters nic=1. Use '-i host=a.b.c.d,port=xxx'
                    -j size=64abc,dir=/x,skip x | a journal of this kind (-j) is not supported yet
                    -w size=64abc,directio x | the object cache (-w) is not supported yet
                    -D x       | direct I/O (-D) is not supported yet
                    a,b        | several object disks are not supported yet
                    -w size=64 -D a,b | the object cache (-w) is not supported yet
                    -c jgroups:foo=bar | jgroups: 'foo=bar' is not known; allowed are bind=, mcast=, group=, ttl=, port= and tcp=, separated by commas
                    -c corosync:ttl=256 | jgroups: 'ttl=256' is not valid; allowed is a number 0 to 255
                    -c jgroups:bind=1.2.3.400 | jgroups: 'bind=1.2.3.400' is not valid; allowed is an IPv4 address or the name of an interface
                    -c local:here | local: 'here' is not an absolute path
                    --metrics host:1 | Invalid address for metrics 'host:1': must be [HOST:]PORT, HOST an IP address
                    """)
    void wrongValuesAreRefusedInOneLine(String words, String message) {
        assertThat(parse(words, false)).isEqualTo(new SheepOptions.Parsed.End("", message + "\n", 1));
    }

    @Test
    void refusalsOfSeveralLines() {
        assertThat(parse("-c nosuch", false))
                .isEqualTo(end("Invalid cluster driver 'nosuch'\nSupported drivers: jgroups corosync local\n"));
        assertThat(parse("-F abc", false))
                .isEqualTo(end("invalid log format: abc\nvalid options are:\n\tjson\n\tdefault\n"));
        assertThat(parse("-b 999.1.1.1", false))
                .extracting(parsed -> ((SheepOptions.Parsed.End) parsed).err())
                .asString()
                .matches("Nov 02 14:09:15 \\[main] \\w+\\(\\d+\\) Bad address '999\\.1\\.1\\.1'\n");
        var levels = (SheepOptions.Parsed.End) parse("-l 8", false);
        assertThat(levels.err()).isEqualTo("Invalid log level '8'\n");
        assertThat(levels.out()).startsWith("Available log levels:\n  #    Level           Description\n");
    }

    @Test
    void complaintsAboutOptionsAreTheLibrarysOfTheOriginal() {
        assertThat(parse("--nosuch", false)).isEqualTo(end("sheep: unrecognized option '--nosuch'" + TRY));
        assertThat(parse("--nosuch=1", false)).isEqualTo(end("sheep: unrecognized option '--nosuch=1'" + TRY));
        assertThat(parse("-fx", false)).isEqualTo(end("sheep: invalid option -- 'x'" + TRY));
        assertThat(parse("-p", false)).isEqualTo(end("sheep: option requires an argument -- 'p'" + TRY));
        assertThat(parse("--port", false)).isEqualTo(end("sheep: option '--port' requires an argument" + TRY));
        assertThat(parse("--gateway=1", false))
                .isEqualTo(end("sheep: option '--gateway' doesn't allow an argument" + TRY));
        assertThat(parse("--d", false))
                .isEqualTo(end("sheep: option '--d' is ambiguous; possibilities:"
                        + " '--debug' '--directio' '--disk-space'" + TRY));
    }

    @Test
    void theFirstFaultEndsItAndHelpBeforeItDoesToo() {
        assertThat(parse("-p 0 --nosuch", false)).isEqualTo(end("Invalid port number '0'\n"));
        assertThat(((SheepOptions.Parsed.End) parse("-h -p 0", false)).exit()).isZero();
        assertThat(((SheepOptions.Parsed.End) parse("-p 0 -h", false)).exit()).isEqualTo(1);
    }

    @Test
    void helpAndVersionGoToStandardOutput() {
        var help = (SheepOptions.Parsed.End) parse("--help", false);
        assertThat(help.out())
                .startsWith("Sheepdog daemon (version 0.")
                .contains("\nUsage: sheep [OPTION]... [PATH]\nOptions:\n  -b, --bindaddr          ")
                .contains("\n  -z, --zone              ");
        assertThat(help.err()).isEmpty();
        assertThat(((SheepOptions.Parsed.End) parse("-v", false)).out())
                .matches("Sheepdog daemon version \\d+\\.\\d+\\.\\d+.*\n");
    }

    private static SheepOptions.Parsed.End end(String err) {
        return new SheepOptions.Parsed.End("", err, 1);
    }

    private static SheepConfig config(String words) {
        return ((SheepOptions.Parsed.Run) parse(words, false)).config();
    }

    private static SheepOptions.Parsed parse(String words, boolean background) {
        return parse(words, background, true);
    }

    private static SheepOptions.Parsed parse(String words, boolean background, boolean permute) {
        return SheepOptions.parse(
                words.isEmpty() ? List.of() : List.of(words.split(" ")),
                background,
                Path.of("/somewhere"),
                () -> LocalDateTime.of(2013, 11, 2, 14, 9, 15),
                permute);
    }
}
