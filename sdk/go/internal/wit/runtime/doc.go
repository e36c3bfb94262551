package runtime // elsewhere than in a component there is nothing of it
