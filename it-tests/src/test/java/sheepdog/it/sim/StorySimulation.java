package sheepdog.it.sim;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/**
 * Whole clusters of production sheep, and whatever strikes them: nothing acknowledged is lost. A story that fails is shrunk;
 * what is printed last is the shortest that was found, with the command that tells it again.
 */
class StorySimulation {
    @Property(tries = 140, edgeCases = EdgeCasesMode.NONE)
    void nothingIsLostInAnyStory(@ForAll("stories") Story story) {
        StoryTelling.tell(story);
    }

    @Property(tries = 40, edgeCases = EdgeCasesMode.NONE)
    void nothingIsLostInAnyStoryOverARoughNetwork(@ForAll("stories") Story story) {
        StoryTelling.tell(new Story(
                story.seed(), story.nodes(), story.zones(), story.copies(), Story.Log.CONSENSUS, true, story.steps()));
    }

    @Property(tries = 20, edgeCases = EdgeCasesMode.NONE)
    void nothingIsLostInAnyStoryOverAnIdealLog(@ForAll("stories") Story story) {
        StoryTelling.tell(new Story(
                story.seed(), story.nodes(), story.zones(), story.copies(), Story.Log.IDEAL, false, story.steps()));
    }

    @Provide
    Arbitrary<Story> stories() {
        Arbitrary<Integer> nodes = Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.integers().between(2, 4)),
                Tuple.of(1, Arbitraries.integers().between(1, Story.NODES_MAX)));
        return nodes.flatMap(count -> Combinators.combine(
                        Arbitraries.longs(),
                        Arbitraries.frequencyOf(
                                Tuple.of(3, Arbitraries.just(count)),
                                Tuple.of(1, Arbitraries.integers().between(1, count))),
                        Arbitraries.of(3, 3, 3, 2, 1),
                        steps())
                .as((seed, zones, copies, steps) ->
                        new Story(seed, count, zones, copies, Story.Log.CONSENSUS, false, steps)));
    }

    private static Arbitrary<List<Story.Step>> steps() {
        Arbitrary<Story.Step> step = Combinators.combine(
                        Arbitraries.of(SimFault.class),
                        Arbitraries.oneOf(
                                Arbitraries.integers().between(0, 100),
                                Arbitraries.integers().between(0, 4_000)),
                        Arbitraries.of(false, false, true),
                        Arbitraries.integers().between(0, Story.NODES_MAX - 1),
                        Arbitraries.integers().between(0, (1 << Story.NODES_MAX) - 1),
                        Arbitraries.oneOf(
                                Arbitraries.integers().between(0, 500),
                                Arbitraries.integers().between(0, 9_000)))
                .as(Story.Step::new);
        return step.list().ofMinSize(1).ofMaxSize(4);
    }
}
