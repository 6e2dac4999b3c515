package sheepdog.commandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.OptionSpec;

class GetoptTest {
    private static final List<OptionSpec> SPECS = List.of(
            OptionSpecs.value('a', "address", "", String.class, "", text -> text),
            OptionSpecs.value('p', "port", "", String.class, "", text -> text),
            OptionSpecs.flag('r', "raw", ""),
            OptionSpecs.value('R', "restore", "", String.class, "", text -> text),
            OptionSpecs.flag('P', "prealloc", ""),
            OptionSpecs.flag('h', "help", ""),
            OptionSpecs.addedValue("range", "", String.class, "", text -> text),
            OptionSpecs.addedValue("health", "", String.class, "", text -> text),
            OptionSpecs.addedValue("metrics", "", String.class, "", text -> text));

    @Test
    void optionsAndOperandsComeInAnyOrder() {
        assertThat(parsed("x", "-r", "y", "-p", "7001", "z")).isEqualTo("r p=7001 | x y z");
    }

    @Test
    void lettersAreBundledAndValuesAttached() {
        assertThat(parsed("-rhp7001", "-rp", "7002")).isEqualTo("r h p=7001 r p=7002 |");
    }

    @Test
    void aValueMayLookLikeAnOption() {
        assertThat(parsed("-p", "-1", "-a", "--", "--port", "-r")).isEqualTo("p=-1 a=-- p=-r |");
    }

    @Test
    void longOptionsTakeAnyUniquePrefixAndAnEqualsSign() {
        assertThat(parsed("--addr", "h", "--po=7", "--prea", "--port=", "--raw"))
                .isEqualTo("a=h p=7 P p= r |");
    }

    @Test
    void anExactNameIsNotAmbiguousAndAPrefixOfTwoIs() {
        assertThat(parsed("--restore", "1")).isEqualTo("R=1 |");
        assertThat(parsed("--r"))
                .isEqualTo("collie: option '--r' is ambiguous; possibilities: '--raw' '--restore' '--range'");
    }

    @Test
    void anOptionWithoutALetterTakesNoPrefixFromOneThatHasOne() {
        assertThat(parsed("--he", "--ra", "--hea=1", "--m", "2")).isEqualTo("h r health=1 metrics=2 |");
        assertThat(parsed("--ran")).isEqualTo("collie: option '--range' requires an argument");
    }

    @Test
    void twoHyphensEndTheOptionsAndOneIsAnOperand() {
        assertThat(parsed("-", "-r", "--", "-p", "--", "x")).isEqualTo("r | - -p -- x");
    }

    @Test
    void withoutPermutationTheFirstOperandEndsTheOptions() {
        assertThat(parsed(false, "-r", "x", "-h")).isEqualTo("r | x -h");
    }

    @Test
    void complaintsAreThoseOfTheCLibrary() {
        assertThat(parsed("-Z")).isEqualTo("collie: invalid option -- 'Z'");
        assertThat(parsed("-r1")).isEqualTo("collie: invalid option -- '1'");
        assertThat(parsed("-p")).isEqualTo("collie: option requires an argument -- 'p'");
        assertThat(parsed("--nosuch=3")).isEqualTo("collie: unrecognized option '--nosuch=3'");
        assertThat(parsed("--r=3"))
                .isEqualTo("collie: option '--r=3' is ambiguous; possibilities: '--raw' '--restore' '--range'");
        assertThat(parsed("--port")).isEqualTo("collie: option '--port' requires an argument");
        assertThat(parsed("--ra=1")).isEqualTo("collie: option '--raw' doesn't allow an argument");
    }

    /** The options in order, a bar, the operands; or the complaint. */
    private static String parsed(String... words) {
        return parsed(true, words);
    }

    private static String parsed(boolean permute, String... words) {
        var getopt = new Getopt("collie", List.of(words), SPECS, permute);
        var seen = new ArrayList<String>();
        try {
            for (var found = getopt.next(); found.isPresent(); found = getopt.next()) {
                var option = found.get().option();
                seen.add(option.shortestName().replace("-", "")
                        + (OptionSpecs.takesValue(option) ? "=" + found.get().value() : ""));
            }
        } catch (Getopt.Complaint complaint) {
            return complaint.getMessage();
        }
        seen.add("|");
        seen.addAll(getopt.operands());
        return String.join(" ", seen);
    }
}
